import pkgutil

import lib.flat
from lib import plugins

for found in pkgutil.iter_modules(lib.flat.__path__):
    __import__(found.name)
for found in pkgutil.walk_packages(plugins.__path__, "lib.plugins."):
    found.module_finder.find_spec(found.name)
