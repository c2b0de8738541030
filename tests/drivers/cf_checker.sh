#!/usr/bin/env bash
# The IOOS compliance checker on product and ocean, by CF 1.8. Its virtual environment is made once, below SCRATCH.
#   cf_checker.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" cf_checker
venv="$scratch/cf_venv"
if [[ ! -x "$venv/bin/compliance-checker" ]]; then
  rm -rf -- "$venv"
  if ! { python3 -m venv "$venv" && timeout "$limit" "$venv/bin/pip" install -q --retries 1 compliance-checker==6.1.0; } >pip.log 2>&1; then
    rm -rf -- "$venv"
    echo "skipped: no compliance-checker: $(tail -n 1 pip.log)"
    exit 77
  fi
fi
for file in "$study/out/product.nc" "$study/bounded/product.nc" "$study/out/ocean_hr.nc" "$study/out/ocean_lr.nc"; do
  code=0
  timeout "$limit" "$venv/bin/compliance-checker" -t cf:1.8 -c strict "$file" >report.log 2>&1 || code=$?
  # "realization" is a standard name, which CF 1.8 (7.3) allows in cell_methods without a dimension; the checker knows
  # dimensions only.
  complaints="$(grep '^\*' report.log | grep -v "cell_methods name component realization does not match" || true)"
  if [[ -n "$complaints" ]] || ! grep -q 'cf:1.8' report.log; then
    failed "$(basename "$file"), exit $code: $complaints"
    cat report.log
  fi
done
finish
