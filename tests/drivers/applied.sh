#!/usr/bin/env bash
# A source that is applied in place of the training LR source: mesh, calendar, bias, variance, climate signal.
#   applied.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" applied
cp -- "$study/tiny.nml" .
/usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null || exit 77
/usr/bin/python3 "$here/applied_models.py" "$study/out/ocean_lr.nc"
full="$(cd -- "$study/out" && pwd)"
own=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set output.directory=.
  --set "output.basis_file=$full/basis.nc" --set sampling.uncertainty=base)
year=(--set "data.apply_reference=2000-01-01,2000-12-30" --set "data.downscale=2060-11-01,2060-11-14")
apply() {  # apply RANKS FILE PRODUCT [SETTINGS]
  local ranks="$1" file="$2" product="$3"
  shift 3
  aloud "$ranks" downscale "${own[@]}" "${year[@]}" --set "data.apply_files=$file" --set "output.product_file=$product" "$@"
}
compare() {  # compare WHAT CODE FILES...: python, with the first file as a, the second as b
  check "$1" /usr/bin/python3 -c "
import sys, netCDF4, numpy as np
a, b = (netCDF4.Dataset(name) for name in sys.argv[1:3])
def of(file, name): return np.ma.filled(file[name][...].astype(float), np.nan)
def apart(name): return np.nanmax(np.abs(of(a, name) - of(b, name)))
$2" "${@:3}"
}

# The same bits at any number of ranks; the product is in the calendar of what was applied.
apply 1 model.nc model1.nc
apply 2 model.nc p_model.nc
same_data p_model.nc model1.nc
same_data p_model.factors.nc model1.factors.nc
grep -q "applied in place of the training LR source" run.log || failed "what is applied is said"
compare "its calendar and its words" "
assert a['time'].calendar == '360_day' and a['time'].shape == (14,)
assert a.podscale_applied_reference == '2000-01-01 to 2000-12-30' and a.podscale_adapt == 'variance'
assert a.podscale_signal_years == 10 and 'running mean' in a.comment and 'model.nc' in a.podscale_applied_source" model1.nc model1.nc

# A constant is in the mean and in every member, and nowhere else.
apply 2 warm.nc p_warm.nc
compare "a constant passes one to one" "
d = of(a, 'tos') - of(b, 'tos')
assert np.nanmax(np.abs(d - 3)) < 2e-5, np.nanmax(np.abs(d - 3))
assert np.nanmax(np.abs(of(a, 'tos_member') - of(b, 'tos_member') - 3)) < 2e-5
assert apart('tos_variance') < 1e-5" p_warm.nc model1.nc
members_again 1 p_warm.nc --basis "$full/basis.nc"

# Another mesh, in the units that it has; quantiles; all of the anomaly through the regression.
apply 2 fine.nc p_fine.nc
compare "means over cells" "assert apart('tos') < 1e-4, apart('tos')" p_fine.nc model1.nc
apply 1 model.nc quantile.nc --set data.adapt=quantile
compare "quantiles differ, a little" "assert 1e-3 < apart('tos') < 3, apart('tos')" quantile.nc model1.nc
apply 1 warm.nc none.nc --set data.signal_years=0 --set data.adapt=none
compare "without a slow part it is no constant" "
d = of(a, 'tos') - of(b, 'tos')
assert np.nanstd(d) > 0.05" none.nc model1.nc

# The training source itself, as it is: what it gives without being named.
plain=(--set "data.downscale=2000-11-01,2000-11-14")
must 2 downscale "${own[@]}" "${plain[@]}" --set output.product_file=plain.nc
must 2 downscale "${own[@]}" "${plain[@]}" --set "data.apply_files=$full/ocean_lr.nc" --set data.adapt=none --set data.signal_years=0 \
  --set output.product_file=itself.nc
compare "the training source applied" "
assert apart('tos') < 1e-4 and apart('tos_variance') < 1e-4
assert a.podscale_applied_reference == '2000-01-01 to 2000-09-30'" itself.nc plain.nc
must 2 verify "${own[@]}" "${plain[@]}" --set "data.apply_files=$full/ocean_lr.nc" --set output.product_file=itself.nc \
  --set verify.picture_file=

# What cannot be is refused, under --check as in the run.
/usr/bin/python3 -c '
import netCDF4, numpy as np
for name, shift in (("later.nc", 360 * 55), ("elsewhere.nc", 0)):
    with netCDF4.Dataset("model.nc") as a, netCDF4.Dataset(name, "w") as b:
        for d in a.dimensions: b.createDimension(d, len(a.dimensions[d]))
        for v in a.variables.values():
            fill = {"fill_value": 1e20} if v.name == "sst" else {}
            c = b.createVariable(v.name, v.dtype, v.dimensions, **fill)
            c.setncatts({k: v.getncattr(k) for k in v.ncattrs() if k != "_FillValue"})
            c[:] = v[:] + (shift if v.name == "time" else 80 if name == "elsewhere.nc" and v.name == "lon" else 0)'
for check in "" --check; do
  refuse 64 "write data.apply_reference" 1 downscale "${own[@]}" $check --set data.apply_files=later.nc --set data.downscale=2060-11-01,2060-11-14
  refuse 65 "expected a source that covers them" 1 downscale "${own[@]}" "${year[@]}" $check --set data.apply_files=elsewhere.nc
  refuse 65 "expected a period that it covers" 1 downscale "${own[@]}" $check --set data.apply_files=model.nc \
    --set "data.apply_reference=1900-01-01,1910-12-30" --set "data.downscale=2060-11-01,2060-11-14"
  refuse 66 "nowhere.nc" 1 downscale "${own[@]}" "${year[@]}" $check --set data.apply_files=nowhere.nc
done
check "nothing is left of it" test ! -e product.nc

# Two oceans with the same dates: nothing can be learnt from them.
cat >free.nml <<'N'
&ocean ny = 16, nx = 16, resolution = 0.5, first_date = '2001-01-01', last_date = '2004-12-31', step_days = 5, factor = 4, turbulence_modes = 16 /
&data hr_files = 'one/ocean_hr.nc', lr_files = 'two/ocean_lr.nc', hr_variable = 'tos', lr_variable = 'tos',
  train = '2001-01-01', '2003-12-31', validate = '2004-01-01', '2004-12-31' /
&patches size = 8, 8, modes = 4, overlap = 0 /
&output directory = 'free' /
N
must 1 ocean free.nml --set output.directory=one
must 1 ocean free.nml --set output.directory=two --set ocean.seed=2
for check in "" --check; do
  refuse 65 "give the model to podscale-downscale as data.apply_files" 2 basis free.nml $check
done
must 1 basis free.nml --set data.lr_files=one/ocean_lr.nc
no_temporaries .
finish
