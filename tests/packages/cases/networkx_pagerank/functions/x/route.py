import networkx as nx


def GET():
    return [len(nx.pagerank(nx.path_graph(3)))]
