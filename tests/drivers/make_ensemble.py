"""An ensemble from one LR series: make_ensemble.py LR.nc OUT_PREFIX MEMBERS

OUT_PREFIX.nc has the axis realization; OUT_PREFIX_1.nc ... are one file a member, with a scalar coordinate;
OUT_PREFIX_plain_1.nc ... the same without it. Member m is the series with a smooth field and a shift in time added.
"""
import sys

import netCDF4
import numpy as np

lr, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
source = netCDF4.Dataset(lr)
source.set_auto_mask(False)
tos = source["tos"]
fill = tos._FillValue
values = tos[:]
land = values == fill
y, x = np.meshgrid(np.arange(values.shape[1]), np.arange(values.shape[2]), indexing="ij")
members = []
for m in range(count):
    moved = values + 0.3 * (m + 1) * np.sin(0.9 * y + 0.7 * m) * np.cos(0.5 * x - m) * np.sin(
        0.1 * (m + 2) * np.arange(values.shape[0]))[:, None, None]
    moved[land] = fill
    members.append(moved.astype("f4"))


def write(path, fields, axis, scalar=None):
    with netCDF4.Dataset(path, "w") as out:
        for name, dim in source.dimensions.items():
            out.createDimension(name, None if dim.isunlimited() else len(dim))
        for name, variable in source.variables.items():
            if name == "tos":
                continue
            copy = out.createVariable(name, variable.dtype, variable.dimensions)
            copy.setncatts({a: variable.getncattr(a) for a in variable.ncattrs() if a != "_FillValue"})
            copy[:] = variable[:]
        dims = tos.dimensions
        if axis:
            out.createDimension("realization", len(fields))
            number = out.createVariable("realization", "i4", ("realization",))
            number.standard_name = "realization"
            number[:] = np.arange(1, len(fields) + 1)
            dims = dims[:1] + ("realization",) + dims[1:]
        elif scalar:
            number = out.createVariable("realization", "i4")
            number.standard_name = "realization"
            number[...] = scalar
        field = out.createVariable("tos", "f4", dims, fill_value=fill)
        field.setncatts({a: tos.getncattr(a) for a in tos.ncattrs() if a != "_FillValue"})
        if scalar:
            field.coordinates = "realization"
        field[:] = np.stack(fields, axis=1) if axis else fields[0]


write(prefix + ".nc", members, True)
for m in range(count):
    write(f"{prefix}_{m + 1}.nc", [members[m]], False, m + 1)
    write(f"{prefix}_plain_{m + 1}.nc", [members[m]], False)
