# /// script
# dependencies = ["xarray", "h5netcdf"]
# ///

import xarray


def GET():
    return sorted(name for name in xarray.backends.list_engines() if name == "h5netcdf")
