#!/usr/bin/env bash
# Runs that meet: two at once with one output, one after another that was killed, one that is stopped by a signal.
#   two_runs.sh BIN LAUNCHER SCRATCH STRIKE     STRIKE: tests/support/strike.c
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" two_runs
cp -- "$study/tiny.nml" .
full="$study/out"
strike="$4"
needs_library "$strike"
given=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set output.directory=out
  --set "output.basis_file=$full/basis.nc" --set "output.model_file=$full/model.h5")

apart() {  # apart N COMMAND...: two launchers that begin at once may both want to make the folder of their sessions, and one fails
  local sessions="${OMPI_MCA_orte_tmpdir_base:-${TMPDIR:-/tmp}}/$1"
  mkdir -p -- "$sessions"
  OMPI_MCA_orte_tmpdir_base="$sessions" "${@:2}"
}
both() {  # both FILE PROGRAM ARGUMENTS...: two runs at once; one is told of the other, or they came one after the other
  local file="$1" run jobs=() codes=()
  shift
  for run in 1 2; do
    apart "$run" ranks_of 2 "$@" >"$run.log" 2>"$run.err" &
    jobs+=($!)
  done
  for run in 0 1; do
    codes[run]=0
    wait "${jobs[run]}" || codes[run]=$?
    if ((codes[run] == 74)); then
      check "one line" test "$(grep -c ' error: ' $((run + 1)).err)" = 1
      check "it names the other run" grep -qE "another run is writing it: podscale-$1 on $(hostname), process [0-9]+, since 20" $((run + 1)).err
    fi
  done
  case "${codes[*]}" in
    "0 74" | "74 0" | "0 0") ;;
    *)
      failed "two runs of podscale-$1 end with ${codes[*]}"
      cat 1.err 2.err
      ;;
  esac
  check "$file can be read" whole "$file"
  no_temporaries .
}
for _ in 1 2; do
  rm -rf out
  both out/product.nc downscale "${given[@]}"
  same_data out/product.nc "$full/product.nc"
  both out/basis.nc basis "${given[@]}" --set output.basis_file=basis.nc
  both out/model.h5 train "${given[@]}" --set output.model_file=model.h5
  both out/ocean_hr.nc ocean "${given[@]}"
  same_data out/ocean_hr.nc "$full/ocean_hr.nc"
  same_data out/ocean_lr.nc "$full/ocean_lr.nc"
done
# For sure: the first stands still with its file half made.
halted create '.basis.nc.*.tmp' 1 ranks_of 2 basis "${given[@]}" --set output.basis_file=basis.nc
refuse 74 "another run is writing it: podscale-basis on $(hostname), process $held, since 20" 2 basis "${given[@]}" --set output.basis_file=basis.nc
goes_on
check "the first ends as if there had been no other: $code" test "$code" = 0
same_data out/basis.nc "$full/basis.nc"
# Different files in one folder do not meet.
apart 1 ranks_of 2 basis "${given[@]}" --set output.basis_file=a.nc >1.log 2>1.err &
apart 2 ranks_of 2 basis "${given[@]}" --set output.basis_file=b.nc >2.log 2>2.err || failed "the second basis"
wait $! || failed "the first basis"
same_data out/a.nc out/b.nc

stricken() {  # stricken SIGNAL PATTERN PROGRAM ARGUMENTS...: rank 0 gets it when it has made that file, in a new folder
  rm -rf out
  ! struck "$1" create "$2" 1 ranks_of 2 "${@:3}" >job.log 2>job.err || failed "podscale-$3 ends with 0 after SIG$1 at $2"
}
slow=(--set sampling.time_block=1 --set sampling.steps=150 --set sampling.calibration=none)
stricken KILL '.product.nc.*.tmp' downscale "${given[@]}" "${slow[@]}"
check "it could not clean up" compgen -G 'out/.product.nc.*.tmp'
must 2 downscale "${given[@]}"
same_data out/product.nc "$full/product.nc"
no_temporaries .

large=(--set ocean.ny=160 --set ocean.nx=320 --set ocean.last_date=2009-12-31)
for signal in USR1 TERM INT; do
  stricken $signal '.ocean_hr.nc.*.tmp' ocean "${given[@]}" "${large[@]}"
  check "a stopped ocean leaves nothing: $(ls -A out)" test -z "$(ls -A out)"
done
stricken TERM '.basis.nc.lock' basis "${given[@]}" --set output.basis_file=basis.nc
check "a stopped basis leaves no basis: $(ls -A out)" test -z "$(find out -mindepth 1 ! -path "*/.basis.nc.part*")"
finish
