#!/usr/bin/env bash
# Runs of a forecast that overlap: in one call, one by one, verified by lead; and the daily job.
#   forecast.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" forecast
root="$(cd -- "$here/../.." && pwd)"
/usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null || { echo "skipped: no netCDF4 for /usr/bin/python3; apt-get install python3-netcdf4"; exit 77; }
mkdir out
cp "$study/out/basis.nc" out
runs=(--set "ocean.forecast_from='2000-11-01'" --set ocean.forecast_every=3 --set ocean.forecast_days=5 --set ocean.forecast_error=0.3)
must 1 ocean "$here/tiny.nml" "${runs[@]}" --set "ocean.forecast_file='forecast_YYYYMMDD.nc'"
same_data out/ocean_lr.nc "$study/out/ocean_lr.nc"
must 2 ocean "$here/tiny.nml" "${runs[@]}" --set "ocean.forecast_file='runs.nc'"
must 2 ocean "$here/tiny.nml" "${runs[@]}" --set "ocean.forecast_file='ens_YYYYMMDD.nc'" --set ocean.forecast_members=2
product() {  # product RANKS NAME LR KEYS...
  must "$1" downscale "$here/tiny.nml" --set "output.product_file='$2.nc'" --set "data.lr_files='$3'" \
    --set "sampling.uncertainty='base'" --set output.write_members=.false. --set output.spread=.true. \
    --set "data.downscale='2000-11-02', '2000-11-12'" "${@:4}"
}

# 1. Several runs in one call: in one file or one file each, the same product; and that of each alone.
product 1 axes out/runs.nc
product 2 files 'out/forecast_*.nc'
same_data out/axes.nc out/files.nc
product 1 single out/forecast_20001104.nc
product 2 ens 'out/ens_*.nc'
check "the product has the shape of the runs" /usr/bin/python3 -W error::UserWarning "$here/judge_forecast.py" out

# 2. Leads that follow each other are a series, that may be chosen.
product 1 day3 out/runs.nc --set data.leads=3,3
check "one lead" grep -q 'forecast_reference_time(time)' <(ncdump -h out/day3.nc)

# 3. By lead: the error grows. Inspect names runs.
must 2 verify "$here/tiny.nml" --set "output.product_file='axes.nc'" --set "data.lr_files='out/runs.nc'" \
  --set "verify.picture_file=''" --set "data.downscale='2000-11-02', '2000-11-12'"
check "scores by lead" grep -q '^by lead' out/scores.txt
check "the error grows with lead" awk '/^by lead/ { on = 1 } on && $3 == "podscale" { if (!first) first = $4; last = $4 } END { exit !(last > 1.05 * first) }' out/scores.txt
must 1 verify "$here/tiny.nml" --set "output.product_file='ens.nc'" --set "data.lr_files='out/ens_*.nc'" \
  --set "verify.picture_file=''" --set "data.downscale='2000-11-02', '2000-11-12'"
check "runs of realizations" grep -q '^realizations: CRPS' out/scores.txt
must 1 inspect out/axes.nc --point 30,-75
check "inspect names the run" grep -q 'run of 2000-11-04' run.log

job() {  # job CODE WORD ARGUMENTS
  local code=0
  PODSCALE_BIN="$bin" PODSCALE_RANKS=1 PODSCALE_SET="--set sampling.uncertainty='base' --set output.write_members=.false." \
    timeout -k 5 "$limit" "$root/jobscripts/forecast.sh" "${@:3}" >job.log 2>&1 || code=$?
  if ((code != $1)) || ! grep -qF -- "$2" job.log; then
    failed "forecast.sh ${*:3}: exit $code, expected $1 and '$2'"
    cat job.log
  fi
}

# 3b. Runs that are told of the HR analysis of the day before they began; the LR fields of those days are in
# another file. Runs in one call, each alone, and the daily job are the same.
cp out/basis.nc plain.nc
told=(--set "history.ages=2,3,5,6" --set history.delay=1)
past=(--set history.lr_files="out/ocean_lr.nc")
must 2 basis "$here/tiny.nml" "${told[@]}" --set "data.hr_files='out/ocean_hr.nc'"
product 2 told 'out/forecast_*.nc' "${told[@]}" "${past[@]}"
product 1 told_single out/forecast_20001104.nc "${told[@]}" "${past[@]}"
check "ages by run and lead" /usr/bin/python3 -c '
import netCDF4, numpy as np
with netCDF4.Dataset("out/told.nc") as d, netCDF4.Dataset("out/told_single.nc") as one:
    age = d["history_age"]
    assert age.dimensions == d["tos"].dimensions[:2] and age.shape == d["tos"].shape[:2], age
    ages = age[:].compressed()
    assert set(ages) == {2, 3, 5, 6}, ages
    run = [str(x)[:10] for x in netCDF4.num2date(d["forecast_reference_time"][:], d["forecast_reference_time"].units)].index("2000-11-04")
    assert list(age[run]) == [2, 3, 5, 5, 6] == list(one["history_age"][:])
    assert np.ma.allequal(d["tos"][run], one["tos"][:]) and np.ma.allequal(d["tos_std"][run], one["tos_std"][:])'
refuse 64 "history.lr_files" 2 downscale "$here/tiny.nml" "${told[@]}" --set "data.lr_files='out/forecast_*.nc'" \
  --set "sampling.uncertainty='base'" --set "data.downscale='2000-11-02', '2000-11-12'"
aloud 1 downscale "$here/tiny.nml" "${told[@]}" --set data.lr_files=out/forecast_20001104.nc --set "sampling.uncertainty='base'" \
  --set output.write_members=.false. --set output.product_file=none.nc --set "data.downscale=2000-11-05,2000-11-09"
check "no LR field of the analysis' time: said" grep -q "no LR field at its time" run.err
must 2 verify "$here/tiny.nml" "${told[@]}" "${past[@]}" --set "output.product_file='told.nc'" --set "data.lr_files='out/forecast_*.nc'" \
  --set "verify.picture_file=''" --set "data.downscale='2000-11-02', '2000-11-12'"
check "scores by age and by lead" test "$(grep -cE '^by (lead|the age)' out/scores.txt)" = 2
check "the change of LR since is scored" grep -q '^analysis_lr_change' out/scores.txt
# The daily job takes the LR fields of those days from the namelist, whatever their names.
mkdir "past days"
ln -s ../out/ocean_lr.nc "past days/lr.nc"
sed "s|'out/ocean_lr.nc'|'past days/lr.nc'|; \$ a &history ages = 2, 3, 5, 6, delay = 1 /" "$here/tiny.nml" >told.nml
job 0 "wrote out/product_20001104.nc" 2000-11-04 told.nml
same_data out/product_20001104.nc out/told_single.nc tos,tos_std,history_age
rm out/product_20001104.nc
mv plain.nc out/basis.nc

# 4. The daily job: makes the product, then ends at once; takes the run before; says what is missing.
job 0 "wrote out/product_20001104.nc" 2000-11-04 "$here/tiny.nml"
stamp="$(stat -c %Y.%i out/product_20001104.nc)"
job 0 "is there and whole" 2000-11-04 "$here/tiny.nml"
check "nothing was written again" test "$stamp" = "$(stat -c %Y.%i out/product_20001104.nc)"
same_data out/product_20001104.nc out/single.nc tos
job 0 "the one of 1 days before is taken" 2000-11-05 "$here/tiny.nml"
damage out/product_20001104.nc broken.nc
mv broken.nc out/product_20001104.nc
job 0 "it is made again" 2000-11-04 "$here/tiny.nml"
same_data out/product_20001104.nc out/single.nc tos
job 66 "PODSCALE_RUN_AGE" 2000-12-30 "$here/tiny.nml"
job 66 "no run at or before" 2000-01-01 "$here/tiny.nml"
job 64 "expected a date" tomorrow "$here/tiny.nml"
PODSCALE_ANALYSES=out/analysis_YYYYMMDD.nc job 0 "is there and whole" 2000-11-04 "$here/tiny.nml"
rm out/product_20001104.nc
PODSCALE_ANALYSES=out/analysis_YYYYMMDD.nc job 0 "no analysis at or before" 2000-11-04 "$here/tiny.nml"
mv out/basis.nc kept.nc
job 66 "podscale-basis" 2000-11-07 "$here/tiny.nml"
mv kept.nc out/basis.nc
no_temporaries out
finish
