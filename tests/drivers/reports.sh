#!/usr/bin/env bash
# What a run says of itself: header, summary, heartbeat, PETSc's log.
#   reports.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" reports
cp -r -- "$study/." .
judge="/usr/bin/python3 $here/judge_reports.py"

# 1. Header and summary, at any number of ranks; names that JSON and shells have words for.
odd=$'a "b" \\c \t\xe9.nml'
cp tiny.nml "$odd"
mkdir -p "own \"folder\""
for ranks in 1 2 4; do
  aloud "$ranks" basis "$odd" --set output.basis_file=b.nc --summary "own \"folder\""
  check "the header" grep -qE "build by .* [0-9.]+; PETSc [0-9.]+, SLEPc [0-9.]+, NetCDF [0-9.]+, HDF5 [0-9.]+, .* [0-9.]+" run.log
  check "the header: where" grep -qE ": 1 node, [0-9]+ cores? here, 1 thread a rank; process [0-9]+" run.log
  check "the header: what" grep -qF "podscale-basis 'a \"b\"" run.log
  check "the summary" grep -qE "time a rank: .*POD [0-9.]+ s \([0-9]+ %\)" run.log
  check "memory and files" grep -qE "peak memory of a rank [0-9]+ to [0-9]+ MiB, mean [0-9]+; read .*MiB.*/s, wrote .*MiB" run.log
  check "no keys in the log" test "$(grep -c 'harmonics = ' run.log)" = 0
  # shellcheck disable=SC2086
  check "the summary is JSON at $ranks ranks" $judge summary "own \"folder\"/podscale-basis.json" "$ranks" out/b.nc
done
check "the keys are in the file" grep -q "harmonics = " <(ncdump -h out/b.nc)
check "of the model, too" grep -q "width = " <(h5dump -d /namelist out/model.h5)
aloud 1 basis "$odd" --check --verbose --summary nothing.json
check "the keys, asked for" grep -q "harmonics = " run.log
check "--check writes no summary" test ! -e nothing.json
refuse 64 "--summary" 1 basis tiny.nml --summary tiny.nml
refuse 64 "--stuck-after: found '5'" 2 basis tiny.nml --stuck-after 5
refuse 74 "--heartbeat" 1 basis tiny.nml --heartbeat nowhere/beat.json
check "the namelist is as it was" cmp tiny.nml "$study/tiny.nml"

# 2. PETSc: stages by our names, options that reach it, slips that are told of; the same bits.
aloud 2 basis tiny.nml --set output.basis_file=p.nc -- -log_view :view.txt -eps_view :eps.txt -eps_toll 1
for stage in read climatology POD encode regression calibrate write; do
  check "PETSc's stage $stage" grep -qE "^ *[0-9]+: +$stage: " view.txt
done
check "its options reach SLEPc" grep -q "EPS Object" eps.txt
check "a slip is told of" grep -q -- "-eps_toll: nothing in this run" run.warnings
check "and no more" test "$(grep -c 'nothing in this run' run.warnings)" = 1
same_data out/b.nc out/p.nc

# 3. The heartbeat: whole whenever it is read, beside the output while the run lasts.
beat_of() {  # beat_of FILE OPTION...: podscale-train on 2 ranks, stopped once it trains; what it left is judged
  local file="$1" code=0
  shift
  rm -f out/model.h5
  # shellcheck disable=SC2086
  PODSCALE_HEARTBEAT_SECONDS=0.05 timeout -k 5 "$limit" $launcher 2 "$bin/podscale-train" tiny.nml \
    --set training.steps=100000 --set training.validate_every=100000 "$@" >run.log 2>run.err &
  # shellcheck disable=SC2086
  $judge heartbeat "$file" train 100000 || { failed "$file while the run lasts" && kill $!; }
  wait $! || code=$?
  check "it is stopped with 75, not $code" test "$code" = 75
}
beat_of out/.model.h5.heartbeat
check "the heartbeat is gone" test ! -e out/.model.h5.heartbeat
beat_of beat.json --heartbeat beat.json --summary train.json
# shellcheck disable=SC2086
check "it says how the run ended" $judge ended beat.json stopped 75
# shellcheck disable=SC2086
check "so does the summary" $judge stopped train.json
check "nothing else is left" test -z "$(find . -name '*.tmp' -o -name '*.heartbeat')"
finish
