"""A product as other tools store it: store_otherwise.py PRODUCT writes packed.nc, down.nc and so on beside it."""
import sys

import netCDF4
import numpy as np

source = netCDF4.Dataset(sys.argv[1])
source.set_auto_mask(False)
lat, lon = source["lat"][:], source["lon"][:]
mean, variance = (np.where(source[name][:] > 1e19, np.nan, source[name][:]) for name in ("tos", "tos_variance"))


def write(name, mean=mean, variance=variance, lat=lat, lon=lon, units="degC", fill=1e20, packed=None, attributes={}, spread="tos_variance"):
    with netCDF4.Dataset(name + ".nc", "w") as file:
        for axis, values in (("time", source["time"][:]), ("lat", lat), ("lon", lon)):
            file.createDimension(axis, len(values))
            v = file.createVariable(axis, "f8", (axis,))
            v.setncatts({key: source[axis].getncattr(key) for key in ("units", "calendar", "standard_name") if key in source[axis].ncattrs()})
            v[:] = values
        dims = ("time", "lat", "lon")
        v = file.createVariable("tos", "i2" if packed else "f4", dims, fill_value=-32767 if packed else fill)
        v.set_auto_maskandscale(False)
        v.setncatts({**({"units": units} if units else {}), **attributes})
        if packed:
            v.scale_factor, v.add_offset = packed
            v[:] = np.where(np.isnan(mean), -32767, np.round((mean - packed[1]) / packed[0])).astype("i2")
        else:
            v[:] = mean if fill is None else np.where(np.isnan(mean), fill, mean)
        v = file.createVariable(spread, "f4", dims, fill_value=1e20)
        v.units = "K2" if spread.endswith("variance") else "K"
        v[:] = np.where(np.isnan(variance), 1e20, variance)


write("packed", packed=(0.001, 20.0))
write("down", mean=mean[:, ::-1], variance=variance[:, ::-1], lat=lat[::-1])
write("kelvin", mean=mean + 273.15, units="K")
write("nan", fill=None)
write("missing", mean=np.where(np.isnan(mean), -999, mean), fill=None, attributes={"missing_value": np.float32(-999)})
write("west", lon=np.where(lon > 0, lon - 360, lon + 360))
write("deviation", variance=np.sqrt(variance), spread="tos_std")
write("unitless", units=None)
