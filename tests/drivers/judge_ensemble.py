"""A product of several realizations beside products of one: judge_ensemble.py FOLDER NAME COUNT"""
import sys

import netCDF4
import numpy as np

folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
whole = netCDF4.Dataset(f"{folder}/{name}.nc")
assert whole["tos"].dimensions == ("time", "realization", "lat", "lon"), whole["tos"].dimensions
assert whole["realization"].standard_name == "realization"
assert list(whole["realization"][:]) == list(range(1, count + 1))
means, variances = [], []
for r in range(count):
    one = netCDF4.Dataset(f"{folder}/one{r + 1}.nc")
    assert one["realization"][...] == r + 1
    for variable in ("tos", "tos_variance", "tos_std"):
        a, b = whole[variable][:, r].filled(-99), one[variable][:].filled(-99)
        assert (a == b).all(), (variable, r, np.abs(a - b).max())
    means.append(one["tos"][:].astype("f8"))
    variances.append(one["tos_variance"][:].astype("f8"))
means, variances = np.ma.stack(means), np.ma.stack(variances)
# The identity of the total variance: that of the mixture, from its first two moments.
second = (variances + means**2).mean(axis=0)
total = second - means.mean(axis=0) ** 2
within, between = whole["tos_within_variance"][:], whole["tos_between_variance"][:]
assert np.abs(whole["tos_ensemble_mean"][:] - means.mean(axis=0)).max() < 1e-5
assert np.abs(within - variances.mean(axis=0)).max() < 1e-6
assert np.abs(between - means.var(axis=0)).max() < 1e-5
assert np.abs(whole["tos_ensemble_std"][:] ** 2 - total).max() < 2e-5
assert between.max() > 1e-3
