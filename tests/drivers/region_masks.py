"""One region as masks that hold it in several ways, and masks that must be refused, on the grid of a product.

region_masks.py PRODUCT    writes up.nc, down.nc, fill.nc, both.nc, empty.nc and moved.nc
"""
import sys

import netCDF4
import numpy as np


def region(lat, lon):
    """No symmetry: read upside down it would be another one."""
    j, i = np.arange(len(lat))[:, None], np.arange(len(lon))[None]
    return ((j + 2 * i) % 5 < 3) & (lat[:, None] < 32.5) & (lon[None] < -69.5)


def write(name, lat, lon, masks, fill=None):
    with netCDF4.Dataset(name, "w") as d:
        for axis, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            d.createDimension(axis, len(values))
            d.createVariable(axis, "f8", (axis,))[:] = values
            d[axis].units = units
        for variable, mask in masks.items():
            v = d.createVariable(variable, "i2", ("lat", "lon"), fill_value=fill)
            v.set_auto_mask(False)
            v[:] = mask


if __name__ == "__main__":
    with netCDF4.Dataset(sys.argv[1]) as product:
        lat, lon = (product[name][:].filled() for name in ("lat", "lon"))
    inside = region(lat, lon)
    write("up.nc", lat, lon, {"region": inside})
    write("down.nc", lat[::-1], lon[::-1] + 360, {"region": inside[::-1, ::-1]})
    write("fill.nc", lat, lon, {"region": np.where(inside, 1, -7)}, fill=-7)
    write("both.nc", lat, lon, {"other": ~inside, "region": inside})
    write("empty.nc", lat, lon, {"region": 0 * inside})
    write("moved.nc", lat + 1, lon, {"region": inside})
