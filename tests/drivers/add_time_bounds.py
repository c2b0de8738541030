"""Makes the steps of a file means over days around their times: add_time_bounds.py FILE FIRST_DAY LAST_DAY"""
import sys

import netCDF4

file = netCDF4.Dataset(sys.argv[1], "a")
time = file["time"]
time.bounds = "time_bnds"
if "bnds" not in file.dimensions:
    file.createDimension("bnds", 2)
bounds = file.createVariable("time_bnds", "f8", ("time", "bnds"))
for end in (0, 1):
    bounds[:, end] = time[:] + float(sys.argv[2 + end])
file["tos"].cell_methods = "time: mean"
file.close()
