"""A product on a plane mesh as others read it: judge_plane.py PRODUCT HR_FILE"""
import sys

import netCDF4
import numpy as np
import xarray as xr

product, truth = (xr.open_dataset(path, decode_times=True) for path in sys.argv[1:])
raw, source = (netCDF4.Dataset(path) for path in sys.argv[1:])

for name, units, method in (("so", "1e-3", "mean"), ("so_variance", "(1e-3)2", "variance"), ("so_std", "1e-3", "standard_deviation")):
    field = raw[name]
    assert field.dimensions == ("time", "y", "x"), field.dimensions
    assert field.units == units, (name, field.units)
    assert field.cell_methods == "realization: " + method
    assert field.grid_mapping == "projection" and field.coordinates == "lat lon"
assert raw["so"].standard_name == "sea_water_salinity"
assert raw["so_region_mean"].units == raw["so_region_std"].units == "1e-3"

mapping = {key: raw["projection"].getncattr(key) for key in raw["projection"].ncattrs()}
assert mapping == {key: source["projection"].getncattr(key) for key in source["projection"].ncattrs()}
assert mapping["grid_mapping_name"] == "lambert_azimuthal_equal_area"

for axis in "y", "x":
    assert product[axis].attrs["units"] == "m" and product[axis].attrs["standard_name"] == f"projection_{axis}_coordinate"
    assert np.array_equal(product[axis], truth[axis])
for name in "lat", "lon":
    assert np.array_equal(product[name], truth[name]) and product[name].dims == ("y", "x")

ocean = np.isfinite(truth.so.values[0])
assert 0 < ocean.sum() < ocean.size
for name in "so", "so_variance", "so_std":
    assert (np.isfinite(product[name].values) == ocean).all(), name
error = (product.so - truth.so).values[:, ocean]
assert product.so.values[:, ocean].min() > 25 and product.so.values[:, ocean].max() < 45
assert error.size > 1000 and np.sqrt(np.mean(error ** 2)) < 0.3, np.sqrt(np.mean(error ** 2))

# The box of the namelist in degrees, equal areas.
inside = ocean & (truth.lat.values >= 30) & (truth.lat.values <= 33) & (truth.lon.values >= -75) & (truth.lon.values <= -70)
mean = product.so.values[:, inside].astype(float).mean(axis=1)
assert inside.sum() > 20 and np.abs(raw["so_region_mean"][:, 0] - mean).max() < 1e-4
