#!/usr/bin/env python3
"""Whether the standard deviation of a product is even across patch borders, beside the RMSE.

    border_std.py PRODUCT PATCH [TRUTH_FILES... VARIABLE]

Of the mean of <variable>_std over all times, and of the RMSE where truth is given: mean jump between
neighbours across borders over that inside patches; high side less low side of a border, over two
points; mean within two points of a border over that inside."""
import sys

import netCDF4
import numpy as np


def values(variable):
    return np.ma.filled(variable[:].astype(float), np.nan).squeeze()


def dates(dataset):
    time = dataset["time"]
    found = netCDF4.num2date(time[:], time.units, getattr(time, "calendar", "standard"))
    return [(d.year, d.month, d.day) for d in found]


def report(name, field, patch):
    jumps, inside, steps, means = [], [], [], []
    near = np.zeros(field.shape, bool)
    for axis in (0, 1):
        f, at = np.moveaxis(field, axis, 0), np.moveaxis(near, axis, 0)
        n = len(f)
        border = np.arange(1, n) % patch == 0
        jump = np.abs(np.diff(f, axis=0))
        jumps.append(jump[border].ravel())
        inside.append(jump[~border].ravel())
        for b in range(patch, n, patch):
            at[max(0, b - 2):b + 2] = True
            for q in range(min(2, n - b)):
                steps.append(f[b + q] - f[b - 1 - q])
                means.append((f[b + q] + f[b - 1 - q]) / 2)
    ratio = np.nanmean(np.concatenate(jumps)) / np.nanmean(np.concatenate(inside))
    step = np.nanmean(steps) / np.nanmean(means)
    level = np.nanmean(field[near]) / np.nanmean(field[~near])
    print(f"{name:5} jump {ratio:.3f}, step {100 * step:.1f} %, near over inside {level:.3f}")


def main():
    product, patch = netCDF4.Dataset(sys.argv[1]), int(sys.argv[2])
    name = next(v for v in product.variables if v.endswith("_std") and product[v].ndim == 3)
    report("std", np.nanmean(values(product[name]), axis=0), patch)
    if len(sys.argv) < 5:
        return
    truth = {}
    wanted = dates(product)
    for path in sys.argv[3:-1]:
        dataset = netCDF4.Dataset(path)
        found = dates(dataset)
        if set(found) & set(wanted):
            truth.update(zip(found, values(dataset[sys.argv[-1]])))
    error = values(product[name[:-4]]) - np.array([truth[d] for d in wanted])
    report("RMSE", np.sqrt(np.nanmean(error**2, axis=0)), patch)


if __name__ == "__main__":
    with np.errstate(invalid="ignore"):
        main()
