"""The product as xarray sees it: judge_xarray.py PRODUCT HR_FILE PRODUCT_OF_DAILY_MEANS"""
import sys

import numpy as np
import xarray as xr

product = xr.open_dataset(sys.argv[1], decode_times=True)
truth = xr.open_dataset(sys.argv[2], decode_times=True)
failures = []


def check(what, condition):
    if not condition:
        failures.append(what)


for name, units, method in (("tos", "degC", "mean"), ("tos_variance", "K2", "variance"), ("tos_std", "K", "standard_deviation")):
    check(f"{name} is there", name in product)
    field = product[name]
    check(f"{name} is (time, lat, lon)", field.dims == ("time", "lat", "lon"))
    check(f"{name} is float32", field.dtype == np.float32)
    check(f"{name} in {units}", field.attrs.get("units") == units)
    check(f"{name}: cell_methods", field.attrs.get("cell_methods") == f"realization: {method}")
    check(f"{name}: long_name", "sea surface temperature" in field.attrs.get("long_name", ""))
tos, variance, std = product.tos, product.tos_variance, product.tos_std
check("standard_name", tos.attrs.get("standard_name") == "sea_surface_temperature")
check("ancillary_variables", tos.attrs.get("ancillary_variables", "").split() == ["tos_variance", "tos_std"])

# Time: decoded, by its calendar, the days that were asked for.
check("calendar", product.time.encoding.get("calendar") == "standard")
days = np.arange("2000-11-01", "2000-11-15", dtype="datetime64[D]")
check("14 days", product.time.dtype.kind == "M" and np.array_equal(product.time.values.astype("datetime64[D]"), days))

# Means of days: stamped at the start of each.
means = xr.open_dataset(sys.argv[3], decode_times=True)
name = means.time.attrs.get("bounds", means.time.encoding.get("bounds"))
check("time has bounds", name == "time_bnds" and name in means.variables)
ends = means[name].values
check("time_bnds are the days", ends.shape == (14, 2) and np.array_equal(ends[:, 0].astype("datetime64[D]"), days)
      and (ends[:, 1] - ends[:, 0] == np.timedelta64(1, "D")).all())
for name, method in (("tos", "mean"), ("tos_variance", "variance"), ("tos_std", "standard_deviation")):
    check(f"{name}: cell_methods of means", means[name].attrs.get("cell_methods") == f"time: mean realization: {method}")
check("members are means of days", means.tos_member.attrs.get("cell_methods") == "time: mean")
taken = product["time_bnds"].values  # the LR files have none: a step a day stands for its day
check("days for bounds where the LR files have none", np.array_equal(taken[:, 0].astype("datetime64[D]"), days)
      and (taken[:, 1] - taken[:, 0] == np.timedelta64(1, "D")).all())

# The grid of the truth, to the last bit, with its bounds.
for axis, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
    check(f"{axis} in {units}", product[axis].attrs.get("units") == units)
    check(f"{axis} is the truth's", np.array_equal(product[axis], truth[axis]))
    name = product[axis].attrs.get("bounds", product[axis].encoding.get("bounds"))
    check(f"{axis} has bounds", name in product.variables)
    bounds = product[name].values
    check(f"{name} enclose the centres", ((bounds[:, 0] < product[axis].values) & (product[axis].values < bounds[:, 1])).all())
    check(f"{name} have no gaps", np.allclose(bounds[1:, 0], bounds[:-1, 1], atol=1e-12))

# Land is the truth's; ocean is finite; the three fields go together.
ocean = np.isfinite(truth.tos.values[0])
for name in ("tos", "tos_variance", "tos_std"):
    check(f"land of {name}", (np.isfinite(product[name].values) == ocean).all())
wide = np.square(std.values[:, ocean], dtype=np.float64)
check("tos_std^2 = tos_variance to float rounding", np.allclose(wide, variance.values[:, ocean], rtol=4 * 2**-24, atol=0))
check("variance > 0", (variance.values[:, ocean] > 0).all())
check("plausible temperatures", (np.abs(tos.values[:, ocean]) < 60).all())

# Members: their mean is the mean; their variance is below the predictive one, which has the truncated modes too.
members = product.tos_member
check("members are (time, realization, lat, lon)", members.dims == ("time", "realization", "lat", "lon") and members.shape[1] == 6)
ensemble = members.values[:, :, ocean].astype(np.float64)
check("mean of the members", np.allclose(ensemble.mean(axis=1), tos.values[:, ocean], rtol=0, atol=1e-5))
check("variance of the members", (ensemble.var(axis=1, ddof=1) <= variance.values[:, ocean] * (1 + 1e-4) + 1e-7).all())

for attribute in ("Conventions", "title", "institution", "source", "history", "podscale_basis_checksum", "podscale_model_checksum",
                  "podscale_namelist"):
    check(f"attribute {attribute}", product.attrs.get(attribute))
check("CF-1.8", product.attrs.get("Conventions") == "CF-1.8, ACDD-1.3")

for failure in failures:
    print("FAILED:", failure)
sys.exit(bool(failures))
