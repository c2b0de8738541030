#!/usr/bin/env bash
# podscale-init: the namelist that it writes runs as it stands.
#   init.sh BIN LAUNCHER SCRATCH chain|refusals|real
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "init_$4"
full="$study/out"

key() {  # key NAMELIST GROUP.KEY VALUE: the namelist says so
  grep -qF -- "$2 = $3" "$1" || {
    failed "$1: expected $2 = $3"
    grep -- "$2 = " "$1" || true
  }
}

case "$4" in
  chain)
    # Files by globs and lists, on one rank and on two: the same namelist, the same product.
    ln -s "$full/ocean_hr.nc" "$full/ocean_lr.nc" .
    for ranks in 1 2; do
      must $ranks init 'ocean_h?.nc' ocean_lr.nc -o $ranks.nml --directory out$ranks
      check "the log says what HR holds" grep -qF "tos [degC]" run.log
      must $ranks basis $ranks.nml
      must $ranks downscale $ranks.nml
      must $ranks verify $ranks.nml --set "verify.picture_file=''"
      check "a row of scores" grep -qE '^podscale +[0-9]+\.[0-9]+ ' out$ranks/scores.txt
    done
    same() { diff <(sed 's/\<[12]\.nml/N.nml/g; s/out[12]/out/' 1.nml) <(sed 's/\<[12]\.nml/N.nml/g; s/out[12]/out/' 2.nml); }
    check "the namelists are the same" same
    same_data out1/product.nc out2/product.nc
    key 1.nml hr_files "'ocean_h?.nc'"
    key 1.nml lr_variable "'tos'"
    key 1.nml size "8, 8"
    key 1.nml train "'2000-01-01', '2000-09-12'"
    key 1.nml validate "'2000-09-13', '2000-11-06'"
    key 1.nml downscale "'2000-11-07', '2000-12-31'"
    check "every value has its reason" test "$(grep -c '!' 1.nml)" -gt 12
    # Without -o it is printed; block means need no LR files.
    must 0 init ocean_hr.nc --coarsen 8 --quiet
    sed '/^podscale-/d' run.log >printed.nml
    must 1 basis printed.nml --check
    key printed.nml lr_source "'coarsen'"
    # Base and scores beat interpolation of the same input by CRPS.
    crps() { awk -v name="$1" '$1 == name { print $6; exit }' out1/scores.txt; }
    check "better than bicubic" awk "BEGIN { exit !($(crps podscale) < $(crps bicubic)) }"
    no_temporaries .
    ;;
  refusals)
    ln -s "$full/ocean_hr.nc" "$full/ocean_lr.nc" .
    /usr/bin/python3 "$here/second_variable.py" "$full/ocean_hr.nc" two.nc filled.nc
    echo "my own" >mine.nml
    for ranks in 0 2; do
      refuse 64 "3 file arguments" $ranks init ocean_hr.nc two.nc ocean_lr.nc -o a.nml
      refuse 64 "no LR files" $ranks init ocean_hr.nc -o a.nml
      refuse 64 "expected one of them" $ranks init ocean_hr.nc ocean_lr.nc --coarsen 8 -o a.nml
      refuse 64 "is there already" $ranks init ocean_hr.nc ocean_lr.nc -o mine.nml
      refuse 65 'exchanged?' $ranks init ocean_lr.nc ocean_hr.nc -o a.nml
      refuse 66 "nothing matches" $ranks init 'none*.nc' ocean_lr.nc -o a.nml
      refuse 65 "no variable 'sst'" $ranks init ocean_hr.nc ocean_lr.nc --hr-variable sst -o a.nml
    done
    refuse 65 "variables tos, tob all have" 2 init two.nc ocean_lr.nc -o a.nml
    must 0 init two.nc ocean_lr.nc --hr-variable tob -o chosen.nml
    key chosen.nml hr_variable "'tob'"
    # Land as numbers, and a mask that says what it is.
    must 2 init filled.nc --hr-variable tos --coarsen 8 -o filled.nml
    key filled.nml mask_variable "'sea'"
    must 2 basis filled.nml --check
    check "nothing was written" test ! -e a.nml
    check "the user's file is as it was" test "$(cat mine.nml)" = "my own"
    no_temporaries .
    ;;
  real)
    shared="${PODSCALE_SHARED_DATA:-}"
    [[ -d "$shared/oisst_tasman" && -d "$shared/cobe_oisst_pair" && -d "$shared/cobe_global" ]] || {
      echo "skipped: no shared data"
      exit 77
    }
    must 2 init "$shared/oisst_tasman/*.nc" --coarsen 8 -o tasman8.nml
    must 2 init "$shared/cobe_oisst_pair/oisst_*.nc" "$shared/cobe_oisst_pair/cobe_*.nc" -o pair.nml
    must 2 init "$shared/cobe_global/*.nc" --coarsen 4 -o global.nml
    # The periods of the namelists that were written by hand, and bases as good as theirs (doc/skill.md).
    key tasman8.nml train "'1982-01-01', '2007-12-31'"
    key tasman8.nml downscale "'2010-01-01', '2011-12-31'"
    key tasman8.nml lags "-10, -5, 0, 5, 10"
    key tasman8.nml modes 11
    for name in pair global; do
      key $name.nml train "'1985-01-01', '2001-12-31'"
      key $name.nml validate "'2002-01-01', '2003-12-31'"
      key $name.nml rank 25
      check "$name: no lags of months" test "$(grep -c 'lags = ' $name.nml)" = 0
    done
    key pair.nml interpolation "'bilinear'"
    key pair.nml modes 8
    key global.nml modes 10
    for name in tasman8 pair global; do must 2 basis $name.nml --check; done
    must 2 basis pair.nml
    must 2 downscale pair.nml
    must 2 verify pair.nml --set "verify.picture_file=''"
    check "the pair's CRPS" awk '$1 == "podscale" { exit !($6 < 0.310) }' runs/pair/scores.txt
    ;;
esac
finish
