#!/usr/bin/env bash
# Files with a known answer that lie beside this project, not in it: each case writes its files, runs
# the programs and compares what they say or refuse with what is expected of it.
#   cases.sh BIN CASES SCRATCH RANKS [CASE]
set -euo pipefail
bin="$1" cases="$2" work="$3/cases.$4.${5:-all}" ranks="$4"
shift 4
if [[ ! -f "$cases/run.py" ]]; then
  echo "skipped: there is no folder ../shared/cases beside the project"
  exit 77
fi
rm -rf -- "$work"
/usr/bin/python3 "$cases/run.py" --bin "$bin" --work "$work" --ranks "$ranks" "$@"
rm -rf -- "$work"
