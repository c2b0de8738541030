"""A copy of an HR series with gaps that move: hide_bands.py HR OUT FIRST_EMPTY DAYS_EMPTY.

Bands as wide as a third of the field wander over it, a few days see nothing at all (DAYS_EMPTY from step
FIRST_EMPTY), and the water nearest the middle of the field has a value every tenth day only. Its row and
column are printed.
"""
import shutil
import sys

import netCDF4
import numpy as np

source, target, first, days = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
shutil.copy(source, target)
with netCDF4.Dataset(target, "a") as f:
    f.set_auto_mask(False)
    v = f["tos"]
    values = v[:]
    fill = np.float32(v._FillValue)
    times, ny, nx = values.shape
    y, x = np.mgrid[:ny, :nx]
    distance = np.where(values[0] == fill, 1e9, (y - ny / 2) ** 2 + (x - nx / 2) ** 2)
    row, column = np.unravel_index(distance.argmin(), distance.shape)
    print(row, column)
    for t in range(times):
        band = (x + 2 * y + 7 * t) % 40 < 13 if t % 4 else np.zeros((ny, nx), bool)
        values[t][band] = fill
        if t % 10:
            values[t, row, column] = fill
    values[first : first + days] = fill
    v[:] = values
