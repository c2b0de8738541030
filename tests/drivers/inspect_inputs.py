#!/usr/bin/env python3
"""Inputs for inspect.sh, whose words are known: global.nc, months.nc, nothing.nc, cells.nc."""
import netCDF4
import numpy as np


def axis(data, name, values, units, **attributes):
    data.createDimension(name, len(values))
    data.createVariable(name, "f8", (name,))[:] = values
    data[name].setncatts({"units": units, **attributes})


with netCDF4.Dataset("global.nc", "w") as data:  # latitude descends; two days are missing; one point has a gap
    axis(data, "time", [d + 0.5 for d in range(12) if d not in (5, 6)], "days since 2001-01-01", calendar="noleap", bounds="time_bnds")
    axis(data, "lat", np.arange(85.0, -90, -10), "degrees_north")
    axis(data, "lon", np.arange(5.0, 360, 10), "degrees_east")
    axis(data, "depth", [0, 10, 20], "m", positive="down")
    data.createDimension("nv", 2)
    data.createVariable("time_bnds", "f8", ("time", "nv"))[:] = data["time"][:][:, None] + [-0.5, 0.5]
    sst = data.createVariable("sst", "f4", ("time", "lat", "lon"), fill_value=-999.0)
    sst.setncatts({"units": "K", "standard_name": "sea_surface_temperature"})
    values = np.broadcast_to(280.0 + np.arange(10)[:, None, None], (10, 18, 36)).copy()
    values[:, :, 27:] = -999
    values[4:6, 9, 3] = -999
    values[:, 9, 3] = np.where(values[:, 9, 3] == -999, -999, 284.5)
    sst[:] = values
    data.createVariable("so", "f4", ("time", "depth", "lat", "lon"))[:] = 35
    mask = data.createVariable("mask", "i1", ("lat", "lon"))
    mask.units = "1"
    mask[:] = np.broadcast_to(np.arange(36) < 27, (18, 36))

with netCDF4.Dataset("months.nc", "w") as data:  # a plane, months of 30 days
    axis(data, "time", 15.0 + 30 * np.arange(24), "days since 2000-01-01", calendar="360_day")
    axis(data, "y", 1000.0 * np.arange(4), "m", standard_name="projection_y_coordinate")
    axis(data, "x", 1000.0 * np.arange(5), "m", standard_name="projection_x_coordinate")
    data.createVariable("so", "f4", ("time", "y", "x"))[:] = np.random.default_rng(1).normal(35, 1, (24, 4, 5))

with netCDF4.Dataset("nothing.nc", "w") as data:  # a station
    for name in ("lat", "lon"):
        data.createVariable(name, "f8", ())
    axis(data, "time", [0, 1, 2], "days since 2000-01-01")
    data.createVariable("station", "f4", ("time",))[:] = 1

with netCDF4.Dataset("cells.nc", "w") as data:  # unstructured
    axis(data, "cell", np.arange(7.0), "1")
    axis(data, "x", np.arange(2.0), "1")
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        data.createVariable(name, "f8", ("cell",)).units = units
        data[name][:] = np.arange(7.0)
    data.createVariable("to", "f4", ("x", "cell"))[:] = 1
