#!/usr/bin/env python3
"""Scores of area means of the difference of two variables: of a joint study, and of two studies of one each.

usage: difference_scores.py TRUTH JOINT FIRST SECOND

Reads the series <first>_minus_<second>_region_mean and _std of JOINT. FIRST and SECOND hold the means of one
variable each; their difference has the standard deviation sqrt(var1 + var2), as errors that are independent have.
Meshes with axes of latitudes and longitudes. Needs netCDF4 and numpy.
"""
import sys

import netCDF4
import numpy as np
from math import erf, pi, sqrt


def series(data, name):
    return tuple(np.asarray(data[f"{name}_region_{what}"][...]) for what in ("mean", "std"))


def truth_means(data, names, days, boxes, ocean):
    """Area means [days, regions] of names[0] less names[1] over the ocean points whose centres are in a box."""
    time = data["time"]
    at = [list(time[...]).index(netCDF4.date2num(day, time.units, time.calendar)) for day in days]
    first, second = (np.ma.filled(data[name][at].astype(float), np.nan) for name in names)
    lat, lon = np.meshgrid(data["lat"][...], data["lon"][...], indexing="ij")
    result = []
    for south, north, west, east in boxes:
        weight = np.cos(np.deg2rad(lat)) * ocean * (lat >= south) * (lat <= north) * (lon >= west) * (lon <= east)
        inside = weight > 0
        result.append(((first - second)[:, inside] * weight[inside]).sum(axis=1) / weight.sum())
    return np.array(result).T


def scores(mean, std, truth):
    z = (truth - mean) / std
    normal = 0.5 * (1 + np.vectorize(erf)(z / sqrt(2)))
    crps = std * (z * (2 * normal - 1) + 2 * np.exp(-z * z / 2) / sqrt(2 * pi) - 1 / sqrt(pi))
    likelihood = -0.5 * z * z - np.log(std) - 0.5 * np.log(2 * pi)
    return (np.sqrt(np.mean((truth - mean) ** 2)), np.sqrt(np.mean(std ** 2)), crps.mean(),
            np.mean(np.abs(z) < 1.6448536269514722), likelihood.mean())


def main(truth_path, joint_path, first_path, second_path):
    truth, joint, first, second = (netCDF4.Dataset(path) for path in (truth_path, joint_path, first_path, second_path))
    pair = next(name[: -len("_region_mean")] for name in joint.variables if "_minus_" in name and name.endswith("_region_mean"))
    names = pair.split("_minus_")
    days = netCDF4.num2date(joint["time"][...], joint["time"].units, joint["time"].calendar)
    ocean = ~np.ma.getmaskarray(joint[names[0]][0])
    boxes = np.reshape(joint["region"].boxes, (-1, 4))
    wanted = truth_means(truth, names, days, boxes, ocean)
    (a, a_std), (b, b_std) = series(first, names[0]), series(second, names[1])
    (ja, ja_std), (jb, jb_std) = series(joint, names[0]), series(joint, names[1])
    rows = {"joint": series(joint, pair),
            "joint, as if independent": (ja - jb, np.sqrt(ja_std ** 2 + jb_std ** 2)),
            "two alone": (a - b, np.sqrt(a_std ** 2 + b_std ** 2))}
    sizes = np.round(boxes[:, 1] - boxes[:, 0], 6)
    for size in sorted(set(sizes)):
        some = sizes == size
        print(f"{pair}, {joint[pair + '_region_mean'].units}: {some.sum()} regions of {size:g} degrees, {len(days)} times")
        print(f"{'system':<26}{'RMSE':>9}{'std':>9}{'CRPS':>9}{'90 %':>8}{'log-lik.':>10}")
        for row, (mean, std) in rows.items():
            print("{:<26}{:9.4f}{:9.4f}{:9.4f}{:8.3f}{:10.4f}".format(row, *scores(mean[:, some], std[:, some], wanted[:, some])))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__.strip().split("\n\n")[1])
    main(*sys.argv[1:])
