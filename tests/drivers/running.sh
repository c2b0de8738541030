#!/usr/bin/env bash
# sampling.calibration = 'running': a run a day gives the bits of one run, at any number of ranks; what is refused.
#   running.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" running
cp -- "$study/tiny.nml" .
full="$study/out"
own=(--set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set sampling.uncertainty=base
  --set "output.basis_file=$full/basis.nc" --set sampling.calibration=running --set sampling.running_delay=2
  --set sampling.running_window=4 --set sampling.running_prior=2 --set output.interval=0.9 --set output.write_budget=.true.
  --set regions.names=all --set "regions.boxes=20,50,-90,-40")
fields=tos,tos_variance,tos_std,tos_running_factor,tos_member,tos_lower,tos_upper,tos_region_std
days() { # days FIRST LAST
  printf "data.downscale=2000-11-%02d,2000-11-%02d" "$1" "$2"
}

# 1. At once on two ranks, and in runs of one to five days on one, two and four.
must 2 downscale tiny.nml "${own[@]}" --set output.directory=once
from=1
for part in 5:1 6:2 7:1 12:4 14:2; do
  to="${part%:*}"
  must "${part#*:}" downscale tiny.nml "${own[@]}" --set output.directory=daily --set output.running_file=state.nc \
    --set "output.product_file=p$to.nc" --set "$(days "$from" "$to")"
  must "${part#*:}" downscale tiny.nml "${own[@]}" --set "output.directory=part$to" --set output.running_file= \
    --set sampling.calibration=inflation --set "$(days "$from" "$to")"
  from=$((to + 1))
done
/usr/bin/python3 - "$fields" <<'PY' || failed "a run a day differs from one of all days"
import sys
import netCDF4, numpy
once = netCDF4.Dataset("once/product.nc")
at = 0
static = None
for to in (5, 6, 7, 12, 14):
    part = netCDF4.Dataset(f"daily/p{to}.nc")
    plain = netCDF4.Dataset(f"part{to}/product.nc")
    n = len(part["time"])
    for name in sys.argv[1].split(","):
        a, b = once[name][at:at + n], part[name][:]
        assert numpy.array_equal(numpy.ma.filled(a, -1), numpy.ma.filled(b, -1)), (name, to)
    factor = part["tos_running_factor"][:]
    # The factor scales the static variance and leaves the mean; bounds and budget follow.
    assert numpy.array_equal(part["tos"][:].filled(-1), plain["tos"][:].filled(-1))
    assert numpy.ma.allclose(part["tos_variance"][:], factor * plain["tos_variance"][:], rtol=1e-5)
    parts = sum(part["tos_variance_" + p][:] for p in ("patch", "cross_patch", "truncation", "calibration"))
    assert numpy.ma.allclose(parts, part["tos_variance"][:], rtol=1e-4)
    half = (part["tos_upper"][:] - part["tos_lower"][:]) / 2
    assert numpy.ma.allclose(half, 1.6448536 * part["tos_std"][:], rtol=1e-3, atol=1e-5)
    spread, wide = plain["tos_member"][:] - plain["tos"][:][:, None], part["tos_member"][:] - part["tos"][:][:, None]
    assert numpy.ma.allclose(wide, numpy.ma.sqrt(factor)[:, None] * spread, rtol=1e-3, atol=2e-5)
    at += n
assert at == len(once["time"]) == 14
# Nothing before the first truth, something after.
assert (once["tos_running_factor"][:2] == 1).all()
assert not (once["tos_running_factor"][3:] == 1).any()
PY
must 0 inspect once/product.nc --box 20,50,-90,-40
check "inspect knows the deviation of the region" /usr/bin/python3 - <<'PY'
import netCDF4
std = netCDF4.Dataset("once/product.nc")["tos_region_std"][:, 0]
rows = [line.split() for line in open("run.log") if line.strip().startswith("2000-11")]
assert len(rows) == 14
assert all(abs(float(row[-1]) / s - 1) < 2e-3 for row, s in zip(rows, std)), (rows, std)
PY
must 2 members once/product.nc --n 2 --output members.nc
check "members are those of the product" /usr/bin/python3 - <<'PY'
import netCDF4, numpy
a, b = netCDF4.Dataset("once/product.nc")["tos_member"][:, :2], netCDF4.Dataset("members.nc")["tos_member"][:]
assert numpy.ma.allclose(a, b, rtol=0, atol=1e-5)
PY
must 2 verify tiny.nml "${own[@]}" --set output.directory=once --set verify.picture_file=

# 2. A day of the state made again, and states that say nothing of this forecast.
cp daily/state.nc before.nc
must 1 downscale tiny.nml "${own[@]}" --set output.directory=daily --set output.running_file=state.nc \
  --set output.product_file=again.nc --set "$(days 13 14)"
same_data daily/again.nc daily/p14.nc "$fields"
same_data daily/state.nc before.nc
head -n -1 once/product.running.nc >state.nc # without its seal
refuse 65 "cut off, or changed by another program" 2 downscale tiny.nml "${own[@]}" --set output.directory=other \
  --set "output.running_file=$PWD/state.nc"
must 2 basis tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" \
  --set output.directory=other --set patches.modes=5
refuse 65 "the errors of another forecast say nothing of this one" 2 downscale tiny.nml "${own[@]}" \
  --set output.directory=other --set output.basis_file=basis.nc --set patches.modes=5 --set "output.running_file=$PWD/once/product.running.nc"
check "no product was left" test ! -e other/product.nc
no_temporaries .
finish
