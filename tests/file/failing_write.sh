#!/usr/bin/env bash
# failing_write.sh PROGRAM "MPIEXEC -n" RANKS: no hang, exit code 74, one line, the old file,
# nothing else.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
failures=0
for step in define put close; do
  echo old >a.nc
  code=0
  # shellcheck disable=SC2086
  timeout -k 2 $((60 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1})) $2 "$3" "$1" a.nc "$step" >log 2>&1 || code=$?
  lines="$(grep -c ' error: a.nc: cannot be written: ' log || true)"
  if [[ "$code $lines $(cat a.nc)" != "74 1 old" || "$(find . -type f | sort | tr '\n' ' ')" != "./a.nc ./log " ]]; then
    echo "FAILED: $step: exit $code, $lines lines"
    cat log
    find . -type f
    failures=1
  fi
done
((failures == 0)) && echo "all checks passed"
