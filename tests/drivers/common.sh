# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by the end-to-end tests:  source common.sh BIN LAUNCHER SCRATCH NAME
#   BIN       folder of the programs; LAUNCHER "mpiexec -n"; SCRATCH folder of all end-to-end tests; NAME of this one
# Afterwards the working directory is SCRATCH/NAME, new and empty. $study is the study that study.sh made once for all of them.
here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
bin="$1" launcher="$2" scratch="$3" name="$4"
study="$scratch/study"
failures=0
limit=$((600 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1}))  # seconds for one program, against hangs: long on a busy machine too
export PODSCALE_PROGRESS=plain MPLCONFIGDIR="$scratch/matplotlib"
rm -rf -- "${scratch:?}/$name"
mkdir -p -- "$scratch/$name"
cd -- "$scratch/$name" || exit 1

failed() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}

check() {  # check WHAT COMMAND...: the command must succeed
  local what="$1"
  shift
  "$@" || failed "$what"
}

ranks_of() {  # ranks_of RANKS PROGRAM...: under the launcher; 0 ranks = started directly
  local ranks="$1" program="$bin/podscale-$2"
  shift 2
  if ((ranks == 0)); then
    timeout -k 5 "$limit" "$program" "$@"
  else
    # shellcheck disable=SC2086
    timeout -k 5 "$limit" $launcher "$ranks" "$program" "$@"
  fi
}

# What a study this small is always told: a month is too short to calibrate on, nine months are too short for a climatology
# and for that many modes, 30 steps of training may gain nothing, and some of its times have no neighbours for all lags. A
# test that expects more adds to it: usual+='|...'.
short='calibration: (the [0-9]+ validation times span|only [0-9]+ validation times|squared errors on data\.validate are)'
short+='|basis\.harmonics = [0-9]+: data\.train has'
usual="$short|base\.penalties: the best is|no step of the training beat step 0|data\..* lack a value at one of base\.lags"

aloud() {  # aloud RANKS PROGRAM ARGUMENTS...: a run that ends with 0; run.warnings: what it warned of
  local code=0
  ranks_of "$@" >run.log 2>run.err || code=$?
  cp run.err run.warnings
  if ((code != 0)) || grep -q ' error: ' run.err; then
    failed "ranks $1, podscale-$2 ${*:3}: exit $code"
    tail -n 20 run.log run.err
  fi
}

must() {  # must RANKS PROGRAM ARGUMENTS...: a run that ends with 0 and prints nothing but the usual warnings on stderr
  local before=$failures
  aloud "$@"
  sed -i -E "/warning: ($usual)/d" run.err
  if ((failures == before)) && [[ -s run.err ]]; then
    failed "ranks $1, podscale-$2 ${*:3}: not asked for:"
    tail -n 20 run.log run.err
  fi
}

refuse() {  # refuse CODE WORD RANKS PROGRAM ARGUMENTS...: that exit code, and one error line that holds the word
  local want="$1" word="$2" code=0
  shift 2
  ranks_of "$@" >run.log 2>run.err || code=$?
  sed -i -E "/warning: ($short)/d" run.err
  local lines
  lines="$(grep -c ' error: ' run.err || true)"
  # The launcher adds words of its own on a code that is not 0; a direct run must say nothing else.
  (($1 > 0)) || lines="$(wc -l <run.err)"
  if ((code != want)) || [[ "$lines" != 1 ]] || ! grep -qF -- "$word" run.err || grep -q 'HDF5-DIAG\|PETSC ERROR' run.err; then
    failed "ranks $1, podscale-$2 ${*:3}: exit $code, expected $want and one error line with '$word'"
    cat run.err
  fi
}

data_of() {  # data_of FILE: header without global attributes, and all data to the last bit; data_of FILE VARIABLES: their data
  if [[ -z "${2:-}" ]]; then
    ncdump -p 9,17 -n file "$1" | sed '/^\/\/ global attributes:/,/^data:/d'
  else
    ncdump -p 9,17 -n file -v "$2" "$1" | sed '1,/^data:/d'
  fi
}

same_data() {  # same_data FILE FILE [VARIABLES]
  cmp -s <(data_of "$1" "${3:-}") <(data_of "$2" "${3:-}") || {
    failed "$1 and $2 differ${3:+ in $3}"
    diff <(data_of "$1" "${3:-}") <(data_of "$2" "${3:-}") | head -n 8 || true
  }
}

members_again() {  # members_again RANKS PRODUCT SETTINGS...: made again, its members are those of the product
  must "$1" members "$2" --n 6 --output members_again.nc "${@:3}"
  same_data members_again.nc "$2" time,realization,tos_member
}

whole() {  # whole FILE: every value of it can be read
  if [[ "$1" == *.txt ]]; then test "$(wc -l <"$1")" -gt 10; else h5dump "$1" >/dev/null; fi
}

needs_library() {  # needs_library FILE: the test is skipped where the programs do not start with it preloaded
  if ! LD_PRELOAD="$1" "$bin/podscale-ocean" --version >/dev/null 2>&1; then
    echo "skipped: the programs do not start with $1"
    exit 77
  fi
}

struck() {  # struck SIGNAL|halve ON PATTERN AT COMMAND...: with tests/support/strike.c, which is $strike, in its programs
  local what="$1"
  [[ "$what" == halve ]] || what="$(kill -l "$what")"
  STRIKE_SIGNAL="$what" STRIKE_ON="$2" STRIKE_TO="$3" STRIKE_AT="$4" LD_PRELOAD="$strike" "${@:5}"
}

halted() {  # halted ON PATTERN AT COMMAND...: in the background ($job), until its process $held stands still at that place
  rm -f halted
  STRIKE_NOTE="$PWD/halted" struck STOP "$@" >halted.log 2>halted.err &
  job=$!
  until [[ -s halted ]] || ! kill -0 "$job" 2>/dev/null; do sleep 0.01; done
  held="$(cat halted 2>/dev/null)" || failed "it ended before $2: ${*:4}"
  until [[ -z "$held" || "$(sed 's/.*) //; s/ .*//' "/proc/$held/stat" 2>/dev/null)" =~ ^[TZ]?$ ]]; do sleep 0.01; done
}

goes_on() {  # what was halted ends; its exit code: $code
  code=0
  [[ -z "$held" ]] || kill -CONT "$held"
  wait "$job" || code=$?
}

damage() {  # damage FILE COPY: a copy with one byte in the middle changed
  local at byte
  cp -- "$1" "$2"
  at=$(($(stat -c %s "$2") / 2))
  byte="$(od -An -tu1 -j "$at" -N 1 "$2")"
  # shellcheck disable=SC2059
  printf "\\x$(printf %x $((byte ^ 16)))" | dd of="$2" bs=1 seek="$at" conv=notrunc status=none
}

listing() {  # names of all that is below the folders, with sizes and times of change of the files
  find "$@" -type d -printf '%p %y\n' -o -printf '%p %y %s %T@ %C@\n' | sort
}

no_temporaries() {
  local left
  left="$(find "$@" -name '*.tmp' -o -name '.*.lock')"
  [[ -z "$left" ]] || failed "temporary files or locks are left: $left"
}

finish() {
  ((failures == 0)) || {
    echo "$failures failures"
    exit 1
  }
  echo "all checks passed"
}
