#!/usr/bin/env bash
# Defaults, few training times, and an LR field far outside of them, as the programs meet them, on the shared study.
#   few_samples.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" few_samples
cp -- "$study/tiny.nml" .
full="$study/out"
own=(--set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set output.directory=. --set output.write_members=.false.)

# One or two times, checked or run; a week, whose curves and modes are lowered or whose variance is refused.
for days in 2000-03-01,2000-03-01 2000-03-01,2000-03-02; do
  refuse 65 "expected three" 0 basis tiny.nml "${own[@]}" --set data.train=$days --check
  refuse 65 "expected three" 2 basis tiny.nml "${own[@]}" --set data.train=$days
done
aloud 0 basis tiny.nml "${own[@]}" --set data.train=2000-03-01,2000-03-07 --set base.rank=8 --check
check "harmonics are lowered" grep -q "warning: basis.harmonics = 1: lowered to 0: 7 times" run.err
check "modes are lowered" grep -q "warning: patches.modes = 8: lowered to 3: half of the 7 training times" run.err
code=0
ranks_of 2 basis tiny.nml "${own[@]}" --set data.train=2000-03-01,2000-03-07 --set data.validate=2000-08-01,2000-08-31 >run.log 2>run.err || code=$?
check "a week for another season is refused, not $code" test "$code" = 65
check "for its variance" grep -q "error: calibration: squared errors on data.validate" run.err
check "nothing is written" test ! -e basis.nc

# 'auto': the base; a model only where it beat the base.
must 2 basis tiny.nml "${own[@]}"
auto=("${own[@]}" --set sampling.uncertainty=auto)
made_with() { ncdump -h "$1" | sed -n 's/.*:podscale_uncertainty = "\(.*\)" ;/\1/p'; }
must 2 downscale tiny.nml "${auto[@]}" --set output.product_file=auto.nc
check "it says why" grep -q "'auto': the base: there is no model.h5" run.log
must 1 downscale tiny.nml "${own[@]}" --set sampling.uncertainty=base --set output.product_file=base.nc
same_data auto.nc base.nc
must 2 members auto.nc --n 2 --output members.nc
ruin=(--set training.rate=1.0 --set training.warmup=0 --set training.ema_decay=0)
must 2 train tiny.nml "${auto[@]}" "${ruin[@]}"
must 2 downscale tiny.nml "${auto[@]}" --set output.product_file=lost.nc
check "a network that lost" grep -q "'auto': the base: model.h5 did not beat it" run.log
check "is left aside" test "$(made_with lost.nc)" = base
# What training makes of the tiny study is chance: the product follows what the file says.
rm model.h5
must 2 train tiny.nml "${auto[@]}"
best="$(sed -n 's/.*best at step \([0-9]*\).*/\1/p' run.log | tail -n 1)"
must 2 downscale tiny.nml "${auto[@]}" --set output.product_file=trained.nc
want='head'
[[ "$best" != 0 ]] || want=base
check "best step $best gives '$want', not '$(made_with trained.nc)'" test "$(made_with trained.nc)" = "$want"
# A model of another basis.
must 1 basis tiny.nml "${own[@]}" --set basis.harmonics=0 --set output.basis_file=other.nc
aloud 2 downscale tiny.nml "${auto[@]}" --set basis.harmonics=0 --set output.basis_file=other.nc --set output.product_file=p.nc
check "a model of another basis is left aside" grep -q "warning: model.h5: trained on another basis than other.nc" run.err
check "for the base" test "$(made_with p.nc)" = base

# Sized by the training times, and stopped where nothing gains.
must 1 train tiny.nml "${auto[@]}" "${ruin[@]}" --set model.width=0 --set training.steps=-1 --set training.validate_every=0 --set output.model_file=sized.h5
check "width and steps" grep -q "model.width = 32, training.steps = 342, warmup = 0: by the 274 training times" run.log
check "stopped early" grep -q "stopped at step 136: 4 validations without a gain" run.log run.warnings

# 35 K beside a standard deviation of about one: warned with the count, and a larger variance there alone.
cp -- "$full/ocean_lr.nc" far.nc
chmod u+w far.nc
# shellcheck disable=SC2016
/usr/bin/python3 -c '
import netCDF4, numpy
file = netCDF4.Dataset("far.nc", "a")
dates = netCDF4.num2date(file["time"][:], file["time"].units, file["time"].calendar)
day = [t for t, date in enumerate(dates) if (date.month, date.day) == (11, 5)][0]
field = file["tos"][day]
j, i = numpy.argwhere(~numpy.ma.getmaskarray(field))[-1]
file["tos"][day, j, i] += 35'
for ranks in 1 2 4; do
  aloud $ranks downscale tiny.nml "${own[@]}" --set data.lr_files=far.nc --set sampling.uncertainty=base --set output.product_file=far$ranks.nc
  check "and counted on $ranks ranks" grep -q "warning: .*: 1 of 14 times have anomalies far outside of data.train, in 1 LR cells; the largest is 3[0-9].*2000-11-05" run.err
done
same_data far2.nc far1.nc
same_data far4.nc far1.nc
# shellcheck disable=SC2016
check "the variance grows there, factors and fields alike" /usr/bin/python3 -c '
import netCDF4, numpy
near, far = (netCDF4.Dataset(name) for name in ("base.nc", "far1.nc"))
ratio = far["tos_variance"][:] / near["tos_variance"][:]
for t in set(range(14)) - {4}:
    assert abs(ratio[t] - 1).max() < 1e-6, t
assert ratio[4].max() > 1.5, ratio[4].max()
assert ratio[4].min() > 0.999
spread = netCDF4.Dataset("far1.factors.nc")["patch_spread"][:]
assert spread[4].max() ** 2 > 1.5 and (spread[spread > 0] >= 1).all()'
must 0 inspect far1.nc --point 31,-70
no_temporaries .
finish
