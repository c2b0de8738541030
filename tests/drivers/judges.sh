#!/usr/bin/env bash
# What others make of the product: ncdump, cdo and xarray.
#   judges.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" judges
product="$study/out/product.nc"
for tool in ncdump cdo; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool here"; exit 77; }
done

quiet() {  # quiet COMMAND...: ends with 0 and nothing on stderr
  local code=0
  "$@" >out.log 2>err.log || code=$?
  if ((code != 0)) || [[ -s err.log ]] || grep -qi warning out.log; then
    failed "$*: exit $code"
    cat err.log
  fi
}
for file in "$product" "$study/bounded/product.nc" "$study"/out/ocean_?r.nc; do
  quiet ncdump -h "$file"
  quiet cdo -s sinfo "$file"
  check "cdo sees the grid of $file" grep -q 'lonlat *: points=' out.log
  check "cdo sees the calendar" grep -q 'Calendar = standard' out.log
  quiet cdo -s infon "$file"
done
quiet cdo -s infon "$product"
check "14 times of tos, tos_variance and tos_std" test "$(grep -cE ': tos(_variance|_std)? *$' out.log)" = 42
quiet ncdump -h "$study/out/basis.nc"

# cdo's own square of the deviation is the variance, to the rounding of floats. By way of NetCDF-3: two readers of one
# NetCDF-4 file in a cdo pipe make HDF5 print the errors that NetCDF probes for.
quiet cdo -s -f nc -b F64 -sqr -selname,tos_std "$product" square.nc
quiet cdo -s -f nc -b F64 -selname,tos_variance "$product" variance.nc
quiet cdo -s -outputf,%.2e -timmax -fldmax -abs -subc,1 -div square.nc variance.nc
# shellcheck disable=SC2016
check "tos_std^2 = tos_variance: $(<out.log) relative" awk '{ exit !($1 >= 0 && $1 < 5e-7) }' out.log

if ! /usr/bin/python3 -c 'import xarray, netCDF4' 2>/dev/null; then
  echo "skipped: no xarray for /usr/bin/python3; apt-get install python3-xarray"
  ((failures == 0)) && exit 77
else
  /usr/bin/python3 -W error::UserWarning "$here/judge_xarray.py" "$product" "$study/out/ocean_hr.nc" "$study/bounded/product.nc" || failed "xarray"
fi
finish
