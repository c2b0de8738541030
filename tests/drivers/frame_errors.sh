#!/usr/bin/env bash
# However a body fails, on one rank or on all: it ends in time, with one line, the right code and no temporary file.
#   frame_errors.sh FRAME_ERRORS "MPIEXEC -n" RANKS
set -euo pipefail
program="$1" launcher="$2" ranks="$3"
folder="$(mktemp -d)"
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
failures=0
last="rank $((ranks - 1))"

ends() {  # ends CODE LINE CASE: exit code, and the one error line that is printed
  local code=0 lines
  rm -rf out && mkdir out
  # shellcheck disable=SC2086
  timeout -k 5 $((60 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1})) $launcher "$ranks" "$program" "$3" out >log 2>err || code=$?
  lines="$(grep -c ' error: ' err || true)"
  if ((code != $1)) || [[ "$lines" != $((code != 0)) ]] || ! grep -qF -- "$2" log err || grep -q 'Signal:\|HDF5' err; then
    printf 'FAILED: %s on %s ranks: exit %s, expected %s and one line "%s"\n' "$3" "$ranks" "$code" "$1" "$2"
    cat err
    failures=$((failures + 1))
  fi
  [[ -z "$(ls -A out)" ]] || { echo "FAILED: $3: left are $(ls -A out)" && failures=$((failures + 1)); }
}

ends 74 "out of memory on $last: use more ranks" memory_on_one
ends 74 "out of memory on rank 0: use more ranks" memory_on_all
ends 74 "out of memory on $last: use more ranks" memory_of_torch
ends 70 "internal error on rank 0: odd" bug
ends 65 "error: found nothing" agreed
ends 75 "error: stopped by a signal" stopped
ends 64 "error: the same everywhere" not_agreed
ends 64 "error: of rank 0" each_its_own
ends 65 "found nothing" on_one
((ranks != 2)) || ends 65 "not agreed at all" agreed_by_mistake
ends 0 "on $ranks rank" forgotten

((failures == 0)) && echo "all checks passed"
