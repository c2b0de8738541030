#!/usr/bin/env bash
# A rank that is stuck is named, and the job ended with 75; a rank that computes or is slow is none.
#   stuck_rank.sh STUCK_RANK "MPIEXEC -n" RANKS
set -euo pipefail
program="$1" launcher="$2" ranks="$3"
folder="$(mktemp -d)"
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
mkdir out
failures=0
last="rank $((ranks - 1)) (process"
limit=$((60 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1}))

ends() {  # ends CODE LINE CASE SECONDS: exit code, a line that the log or the errors must have
  local code=0
  # shellcheck disable=SC2086
  timeout -k 5 "$limit" $launcher "$ranks" "$program" "$3" --stuck-after "00:00:$4" --heartbeat beat.json \
    >log 2>err || code=$?
  if ((code != $1)) || ! grep -qF -- "$2" log err; then
    printf 'FAILED: "%s" on %s ranks: exit %s, expected %s and a line "%s"\n' "$3" "$ranks" "$code" "$1" "$2"
    cat log err
    failures=$((failures + 1))
  fi
  left="$(find out -name '*.tmp')"
  [[ -z "$left" ]] || { echo "FAILED: $3: left are $left" && failures=$((failures + 1)); }
}

ends 75 "$last" sleeps 02
grep -q "stage train) neither computes nor waits" err || { echo "FAILED: no stage" && failures=$((failures + 1)); }
grep -q "no rank of .* has moved for [2-9] s" err || { echo "FAILED: no time" && failures=$((failures + 1)); }
[[ "$(grep -c ' error: ' err)" == 1 ]] || { echo "FAILED: not one line" && failures=$((failures + 1)); }
grep -q '"state": "stuck"' beat.json || ((ranks > 1)) ||
  { echo "FAILED: the heartbeat does not say it" && failures=$((failures + 1)); }
if ((ranks > 1)); then  # a process that is stopped cannot speak: another rank does
  ends 75 "$last" "is stopped" 02
  grep -q ", stopped by a signal, stage train)" err || { echo "FAILED: stopped by what" && failures=$((failures + 1)); }
fi
ends 0 "all have met" computes 02
ends 0 "all have met" "is slow" 00
ends 0 "all have met" "is slow" 30
grep -q '"state": "finished"' beat.json || { echo "FAILED: the heartbeat is not finished" && failures=$((failures + 1)); }
((ranks > 1)) || ends 75 "computes without an end" "computes for ever" 01

((failures == 0)) && echo "all checks passed"
