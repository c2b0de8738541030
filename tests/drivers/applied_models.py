"""LR files to apply: applied_models.py LR_FILE

model.nc  the days of LR_FILE with a bias and 1.4 times their distance from their mean, in a calendar of 360 days; and
          once more sixty years later, with other weather
warm.nc   the same, the later year 3 K warmer
fine.nc   model.nc on cells of half the size, each four alike
"""
import sys

import netCDF4
import numpy as np

with netCDF4.Dataset(sys.argv[1]) as file:
    tos = np.ma.filled(file["tos"][:360].astype(float), np.nan)
    lat, lon = np.array(file["lat"]), np.array(file["lon"])
mean = np.nanmean(tos, axis=0)
model = mean + 2 + 1.4 * (tos - mean)
t = np.arange(360)[:, None, None]
later = model + 0.4 * np.sin(0.31 * t + 0.5 * np.arange(tos.shape[2]))


def write(name, fields, lat, lon):
    with netCDF4.Dataset(name, "w") as file:
        for axis, values, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            file.createDimension(axis, len(values))
            file.createVariable(axis, "f8", (axis,)).units = units
            file[axis][:] = values
        file.createDimension("time", None)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2000-01-01", "360_day"
        time[:] = np.concatenate([np.arange(360), 60 * 360 + np.arange(360)])
        sst = file.createVariable("sst", "f4", ("time", "lat", "lon"), fill_value=1e20)
        sst.units = "K"
        sst[:] = np.ma.masked_invalid(fields + 273.15)


def halves(axis):
    step = axis[1] - axis[0]
    return np.stack([axis - step / 4, axis + step / 4], axis=1).ravel()


write("model.nc", np.concatenate([model, later]), lat, lon)
write("warm.nc", np.concatenate([model, later + 3]), lat, lon)
write("fine.nc", np.concatenate([model, later]).repeat(2, 1).repeat(2, 2), halves(lat), halves(lon))
