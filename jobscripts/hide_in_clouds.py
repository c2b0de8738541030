"""HR files with gaps in the shapes of real clouds, and the LR file of block means of the full data.

  hide_in_clouds.py CLOUDY SHARE FACTOR OUT HR...

CLOUDY: a file whose variable SST (time, lat, lon) lacks values under clouds, with its land in mask
(0 = land; alboran_cloudy). Every STRIDE-th of its points is taken, so that a field of 32 x 32 points sees
many clouds. They are cut to the size of the HR fields, turned and shifted by chance, one a time, and eroded or grown by one number of points for all, so that SHARE of all values is
hidden: some times are clear and some have nothing left. OUT/lr.nc: plain means of FACTOR x FACTOR
points of the full data, with bounds. OUT/hr_SHARE_<name>: the HR files with gaps (none for SHARE 0).
"""
import os
import sys

import netCDF4
import numpy as np

STRIDE = 4


def smooth_clouds(path):
    """[time, lat, lon] points that a cloud reaches beyond (positive), or that one is away (negative)."""
    with netCDF4.Dataset(path) as f:
        hidden = np.ma.getmaskarray(f["SST"][:])
        land = f["mask"][:] == 0
    fields = []
    for cloud in hidden:
        cloud = cloud.astype(float)
        cloud[land] = np.nan
        while np.isnan(cloud).any():  # what is over land is not known: as the sea beside it
            padded = np.pad(cloud, 1, constant_values=np.nan)
            around = np.stack([padded[1 + j : padded.shape[0] - 1 + j, 1 + i : padded.shape[1] - 1 + i]
                               for j in (-1, 0, 1) for i in (-1, 0, 1)])
            known = (~np.isnan(around)).sum(0)
            mean = np.where(known > 0, np.nansum(around, 0) / np.maximum(known, 1), np.nan)
            cloud = np.where(np.isnan(cloud), mean, cloud)
        cloud = cloud > 0.5
        depth = np.zeros(cloud.shape)
        for sign, inside in ((1.0, cloud), (-1.0, ~cloud)):
            for _ in range(60):
                depth += sign * inside
                padded = np.pad(inside, 1, mode="edge")
                inside = (padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2]
                          & padded[1:-1, 2:])
        fields.append(depth)
    return np.stack(fields)


def main():
    cloudy, share, factor, out, files = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5:]
    os.makedirs(out, exist_ok=True)
    lr, times, names = [], [], []
    for path in files:
        with netCDF4.Dataset(path) as f:
            name = next(v for v in f.variables if f[v].ndim == 3)
            values = f[name][:]
            ny, nx = values.shape[1] // factor, values.shape[2] // factor
            blocks = values.filled(np.nan).astype("f8").reshape(-1, ny, factor, nx, factor)
            with np.errstate(invalid="ignore"):
                lr.append(np.nansum(blocks, axis=(2, 4)) / (~np.isnan(blocks)).sum(axis=(2, 4)))
            times.append(f["time"][:])
            lat, lon = f["lat"][:], f["lon"][:]
            time_attributes = {k: f["time"].getncattr(k) for k in f["time"].ncattrs()}
            units = f[name].units
            names.append((path, name, values.mask))
    with netCDF4.Dataset(f"{out}/lr.nc", "w") as f:
        f.createDimension("time", None)
        f.createDimension("bnds", 2)
        for axis, points, unit, standard in (("lat", lat, "degrees_north", "latitude"),
                                             ("lon", lon, "degrees_east", "longitude")):
            n = len(points) // factor
            step = points[1] - points[0]
            f.createDimension(axis, n)
            v = f.createVariable(axis, "f8", (axis,))
            v.units, v.standard_name, v.bounds = unit, standard, axis + "_bnds"
            v[:] = points[: n * factor].reshape(n, factor).mean(1)
            b = f.createVariable(axis + "_bnds", "f8", (axis, "bnds"))
            b[:] = np.stack([points[: n * factor : factor] - step / 2,
                             points[factor - 1 : n * factor : factor] + step / 2], 1)
        t = f.createVariable("time", "f8", ("time",))
        t.setncatts(time_attributes)
        v = f.createVariable("sst", "f8", ("time", "lat", "lon"), fill_value=1e20)
        v.units, v.standard_name, v.cell_methods = units, "sea_surface_temperature", "time: mean"
        t[:] = np.concatenate(times)
        v[:] = np.nan_to_num(np.concatenate(lr), nan=1e20)
    if share == 0:
        return

    depth = smooth_clouds(cloudy)
    chance = np.random.default_rng(2017)
    count, size_y, size_x = sum(len(t) for t in times), len(lat), len(lon)
    cuts = np.empty((count, size_y, size_x), "f4")
    for i in range(count):
        y = chance.integers(depth.shape[1] - STRIDE * (size_y - 1))
        x = chance.integers(depth.shape[2] - STRIDE * (size_x - 1))
        cut = depth[chance.integers(len(depth)), y::STRIDE, x::STRIDE][:size_y, :size_x]
        cuts[i] = cut[:: chance.choice([-1, 1]), :: chance.choice([-1, 1])]
    cuts += chance.uniform(-0.5, 0.5, cuts.shape)  # depths are whole numbers, a share is not
    hidden = cuts > np.quantile(cuts, 1 - share)
    first = 0
    for path, name, land in names:
        target = f"{out}/hr_{sys.argv[2]}_{os.path.basename(path)}"
        with netCDF4.Dataset(path) as source, netCDF4.Dataset(target, "w") as f:
            f.setncatts({k: source.getncattr(k) for k in source.ncattrs()})
            for dimension in source.dimensions.values():
                f.createDimension(dimension.name, None if dimension.isunlimited() else len(dimension))
            for variable in source.variables.values():
                variable.set_auto_maskandscale(False)
                attributes = {k: variable.getncattr(k) for k in variable.ncattrs()}
                v = f.createVariable(variable.name, variable.dtype, variable.dimensions, zlib=True,
                                     fill_value=attributes.pop("_FillValue", None))
                v.set_auto_maskandscale(False)
                v.setncatts(attributes)
                data = variable[:]
                if variable.name == name:
                    data[hidden[first : first + len(data)]] = v._FillValue
                v[:] = data
        first += len(land)
    sea = ~np.concatenate([np.broadcast_to(land, (len(t), size_y, size_x)) for (_, _, land), t in zip(names, times)])
    of_time = (hidden & sea).sum((1, 2)) / sea.sum((1, 2))
    print(f"{(hidden & sea).sum() / sea.sum():.3f} of the values hidden; of a time none "
          f"{(of_time == 0).mean():.3f}, all {(of_time == 1).mean():.3f}, "
          f"quartiles {np.quantile(of_time, [0.25, 0.5, 0.75]).round(3)}")


main()
