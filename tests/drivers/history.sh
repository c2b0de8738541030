#!/usr/bin/env bash
# HR analyses of some days before: used where they are there, left aside where not, the same bits at any number of ranks.
#   history.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" history
cp -- "$here/tiny.nml" .
# The last day of the period, and of the data, has no LR field behind it.
own=(tiny.nml --set sampling.uncertainty=base --set "base.lags=-1,0,1" --set output.write_members=.false.
     --set "data.downscale=2000-12-18,2000-12-31")
told=("${own[@]}" --set "history.ages=1,3" --set history.delay=1)
must 2 ocean tiny.nml
must 2 basis "${told[@]}"
must 1 downscale "${own[@]}" --set output.product_file=plain.nc
check "a time without all lags falls back, aloud" grep -q 'regression without lags' run.warnings
must 2 downscale "${told[@]}" --set output.product_file=two.nc
must 1 downscale "${told[@]}" --set output.product_file=one.nc
same_data out/one.nc out/two.nc
check "14 times are told of the day before" grep -q 'history of 1 day: 14' run.log
check "history_age" grep -q 'history_age = 1, 1' <(ncdump -v history_age out/one.nc)

# Without any whole analysis: the product without history, to the last bit; without the younger ones: older ones.
"${PODSCALE_PYTHON:-/usr/bin/python3}" - <<'END'
import netCDF4, shutil
for name, kept in (("none.nc", lambda t: False), ("third.nc", lambda t: t % 3 != 0)):
    shutil.copy("out/ocean_hr.nc", name)
    with netCDF4.Dataset(name, "a") as data:
        field = data["tos"]
        for t in range(len(data["time"])):
            if t > 340 and not kept(t):
                field[t] = netCDF4.numpy.ma.masked_all(field.shape[1:])
END
for kind in none third; do
  aloud 2 downscale "${told[@]}" --set history.files="$PWD/$kind.nc" --set output.product_file="$kind.nc" --set data.doubts=accept
  check "$kind: analyses that lack values are counted" grep -q 'they count as not there' run.err
done
same_data out/none.nc out/plain.nc tos,tos_std
check "third: both ages are used" grep -q 'history_age = .*3' <(ncdump -v history_age out/third.nc)

# Members of a product whose times are of several regimes are made again, the same; so is its variance.
aloud 2 downscale "${told[@]}" --set history.files="$PWD/third.nc" --set output.product_file=with.nc \
  --set output.write_members=.true. --set data.doubts=accept
must 1 members out/with.nc --n 6 --output members.nc
same_data out/with.nc members.nc tos_member

# A network is told of the analyses, too. Untrained it is the base in every regime.
third=(--set history.files="$PWD/third.nc" --set data.doubts=accept)
head=("${told[@]}" --set sampling.uncertainty=head --set output.model_file=told.h5)
must 2 train "${head[@]}" --set training.steps=0 --set sampling.calibration=none
for kind in base head; do
  aloud 2 downscale "${head[@]}" "${third[@]}" --set sampling.uncertainty=$kind --set sampling.calibration=none \
    --set output.product_file="untrained_$kind.nc"
done
check "untrained: of several regimes" grep -q 'history of 1 day: [0-9]*; history of 3 days' run.log
same_data out/untrained_base.nc out/untrained_head.nc tos,tos_std
# Trained: calibrated, or left to the base, regime by regime; the same bits at any number of ranks.
must 2 train "${head[@]}" --set training.resume=.false. --set training.validation_times=8
check "each regime is judged" grep -q 'head, history of 3 days: ' run.log
for ranks in 1 2; do
  aloud $ranks downscale "${head[@]}" "${third[@]}" --set output.product_file="head_$ranks.nc"
done
same_data out/head_1.nc out/head_2.nc

refuse 65 "history of 3 days: " 2 train "${head[@]}" --set training.resume=.false. --set data.validate=2000-12-01,2000-12-04

# Scores by age, and skill: the analysis of yesterday beats LR alone.
must 2 verify "${told[@]}" --set output.product_file=one.nc --set verify.picture_file=
check "scores by age" grep -q 'by the age of the HR analysis' out/scores.txt
rmse_of() { awk '$1 == "podscale" && NF > 6 { print $2; exit }' out/scores.txt; }
told_rmse="$(rmse_of)"
must 2 verify "${own[@]}" --set output.product_file=plain.nc --set verify.picture_file=
check "history lowers the error: $told_rmse against $(rmse_of)" awk "BEGIN { exit !($told_rmse < $(rmse_of)) }"

# What does not go together.
refuse 64 "history.ages" 1 downscale "${own[@]}" --set history.ages=2 --set output.product_file=p.nc
refuse 64 "history" 1 downscale "${own[@]}" --set history.delay=2 --set output.product_file=p.nc
finish
