"""HR files whose gaps are filled in a simple way, for comparison.

  fill_gaps.py climatology|lr LR OUT HR...

By the climatology (mean and two harmonics) that each point has where it is seen, or by that plus the
bilinear LR anomaly. Climatologies are those of the first HR file. OUT/<kind>_<name> are written.
"""
import os
import sys

import netCDF4
import numpy as np


def harmonics(time, units):
    dates = netCDF4.num2date(time, units)
    phase = 2 * np.pi * np.array([(d.timetuple().tm_yday - 0.5) / 365.25 for d in dates])
    return np.stack([np.ones_like(phase)] + [f(h * phase) for h in (1, 2) for f in (np.cos, np.sin)], 1)


def fit(x, values):
    """Least squares at each point over the times at which it has a value: [terms, points]."""
    b = np.full((x.shape[1], values.shape[1]), np.nan)
    for i in range(values.shape[1]):
        seen = ~np.isnan(values[:, i])
        if seen.sum() > 20:
            b[:, i] = np.linalg.lstsq(x[seen], values[seen, i], rcond=None)[0]
    return b


kind, lr_path, out, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
series = []
for path in files:
    with netCDF4.Dataset(path) as f:
        units, lat, lon = f["time"].units, f["lat"][:], f["lon"][:]
        series.append((path, f["time"][:], f["sst"][:].filled(np.nan).astype("f8")))
x = [harmonics(time, units) for _, time, _ in series]
train = len(x[0])
b = fit(x[0], series[0][2].reshape(train, -1))
with netCDF4.Dataset(lr_path) as f:
    coarse = f["sst"][:].filled(np.nan)
    x_lr, lr_lat, lr_lon = harmonics(f["time"][:], f["time"].units), f["lat"][:], f["lon"][:]
flat = coarse.reshape(len(x_lr), -1)
anomaly = np.nan_to_num(flat - x_lr @ fit(x_lr[:train], flat[:train])).reshape(coarse.shape)
to_lat = np.stack([np.interp(lat, lr_lat, e) for e in np.eye(len(lr_lat))], 1)
to_lon = np.stack([np.interp(lon, lr_lon, e) for e in np.eye(len(lr_lon))], 1)

first = 0
for (path, time, values), phases in zip(series, x):
    guess = (phases @ b).reshape(values.shape)
    if kind == "lr":
        guess += np.einsum("yj,tji,xi->tyx", to_lat, anomaly[first : first + len(time)], to_lon)
    first += len(time)
    values = np.where(np.isnan(values), guess, values)
    with netCDF4.Dataset(path) as source, netCDF4.Dataset(f"{out}/{kind}_{os.path.basename(path)}", "w") as f:
        for dimension in source.dimensions.values():
            f.createDimension(dimension.name, None if dimension.isunlimited() else len(dimension))
        for variable in source.variables.values():
            variable.set_auto_maskandscale(False)
            if variable.name == "sst":
                v = f.createVariable("sst", "f4", variable.dimensions, fill_value=1e20, zlib=True)
                v.setncatts({k: variable.getncattr(k) for k in ("units", "standard_name", "cell_methods")})
                v[:] = np.nan_to_num(values, nan=1e20)
            else:
                v = f.createVariable(variable.name, variable.dtype, variable.dimensions)
                v.setncatts({k: variable.getncattr(k) for k in variable.ncattrs()})
                v[:] = variable[:]
