"""Products of several runs, as xarray sees them: judge_forecast.py FOLDER"""
import sys

import numpy as np

try:
    import xarray as xr
except ImportError:
    print("no xarray for /usr/bin/python3")
    sys.exit(0)

folder = sys.argv[1]
runs = xr.open_dataset(f"{folder}/axes.nc", decode_times=True, decode_timedelta=False)
one = xr.open_dataset(f"{folder}/single.nc", decode_times=True, decode_timedelta=False)
ens = xr.open_dataset(f"{folder}/ens.nc", decode_times=True, decode_timedelta=False)
tos = runs.tos
assert tos.dims == ("forecast_reference_time", "forecast_period", "lat", "lon"), tos.dims
assert runs.forecast_reference_time.standard_name == "forecast_reference_time"
assert runs.forecast_period.standard_name == "forecast_period" and runs.forecast_period.units == "days"
assert list(runs.forecast_period.values) == [1, 2, 3, 4, 5]
assert "time" in tos.coords and tos.time.dims == tos.dims[:2]
begins = runs.forecast_reference_time.values.astype("datetime64[D]")
# All runs with a time in the period; leads beyond it are missing, in time and in field.
assert (begins == np.arange("2000-11-01", "2000-11-12", 3, dtype="datetime64[D]")).all(), begins
for r, begin in enumerate(begins):
    for lead in range(1, 6):
        valid = begin + np.timedelta64(lead, "D")
        inside = valid <= np.datetime64("2000-11-12")
        found = runs.time.values[r, lead - 1]
        field = tos.values[r, lead - 1]
        assert (found.astype("datetime64[D]") == valid) if inside else np.isnat(found), (begin, lead, found)
        assert np.isfinite(field).any() == inside
r = list(begins).index(np.datetime64("2000-11-04"))
assert one.tos.dims == ("time", "lat", "lon")
assert one.forecast_reference_time.values.astype("datetime64[D]") == np.datetime64("2000-11-04")
assert list(one.forecast_period.values) == [1, 2, 3, 4, 5]
for name in ("tos", "tos_variance", "tos_std"):
    assert np.array_equal(runs[name].values[r], one[name].values, equal_nan=True), name
assert ens.tos.dims == ("forecast_reference_time", "forecast_period", "realization", "lat", "lon")
assert ens.tos_ensemble_std.dims == tos.dims
total = ens.tos_within_variance + ens.tos_between_variance - ens.tos_ensemble_std**2
assert float(np.abs(total).max()) < 1e-5
assert float(ens.tos_between_variance.max()) > 1e-3
