#!/usr/bin/env python3
"""second_variable.py FILE TWO FILLED: TWO has tob beside tos; FILLED has tos with numbers on land, and a mask."""
import shutil
import sys

import netCDF4
import numpy as np

for target in sys.argv[2:]:
    shutil.copyfile(sys.argv[1], target)
with netCDF4.Dataset(sys.argv[2], "a") as data:
    tos = data["tos"]
    tob = data.createVariable("tob", "f4", tos.dimensions, fill_value=1e20)
    tob.units = tos.units
    tob[:] = tos[:]
with netCDF4.Dataset(sys.argv[3], "a") as data:
    values = data["tos"][:]
    land = np.ma.getmaskarray(values)
    mask = data.createVariable("sea", "i1", data["tos"].dimensions[1:])
    mask.standard_name = "sea_binary_mask"
    mask[:] = ~land[0]
    noise = np.random.default_rng(1).normal(0, 0.1, values.shape)
    data["tos"][:] = np.where(land, 10 + noise, values.filled(0))
