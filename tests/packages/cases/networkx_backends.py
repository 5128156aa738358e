# /// script
# dependencies = ["networkx"]
# ///
import networkx


def GET():
    return networkx.shortest_path(networkx.path_graph(4), 0, 3)
