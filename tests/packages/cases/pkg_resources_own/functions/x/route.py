import pkg_resources


def GET():
    return [pkg_resources.resource_string("lib", "data/a.txt").decode(), pkg_resources.resource_listdir("lib", "data"), pkg_resources.get_distribution("shop").version]
