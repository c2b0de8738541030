"""Compares GHRSST files with the product beside them:  judge_ghrsst.py PRODUCT FILE ..."""
import sys

import netCDF4
import numpy as np

with netCDF4.Dataset(sys.argv[1]) as product:
    name = next(v[:-4] for v in product.variables if v.endswith("_std"))
    times = netCDF4.num2date(product["time"][:], product["time"].units, product["time"].calendar)
    mean, std = product[name][:], product[name + "_std"][:]
    shift = 273.15 if product[name].units in ("degC", "degree_Celsius", "celsius") else 0
    lat = product["lat"][:]
files = sorted(sys.argv[2:])
assert len(files) == len(times), (len(files), len(times))
for path, when, m, s in zip(files, times, mean, std):
    with netCDF4.Dataset(path) as f:
        assert f.gds_version_id == "2.1" and f["analysed_sst"].dimensions == ("time", "lat", "lon")
        assert f["analysed_sst"].dtype == np.int16 and f["analysis_error"].dtype == np.int16
        assert path.rsplit("/", 1)[-1].startswith(when.strftime("%Y%m%d%H%M%S"))
        assert netCDF4.num2date(f["time"][0], f["time"].units) == when
        np.testing.assert_allclose(f["lat"][:], lat, atol=1e-4)
        land = np.ma.getmaskarray(m)
        assert np.array_equal(np.ma.getmaskarray(f["analysed_sst"][0]), land)
        assert np.array_equal(f["mask"][0] == 2, land) and f["sea_ice_fraction"][0].mask.all()
        assert abs(f["analysed_sst"][0] - (m + shift)).max() <= 0.00502
        assert abs(f["analysis_error"][0] - np.maximum(s, 0.01)).max() <= 0.00502
print(f"{len(files)} GHRSST files agree with {sys.argv[1]}")
