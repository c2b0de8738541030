#!/usr/bin/env bash
# podscale-inspect on inputs: what podscale understood of them, and a picture.
#   inspect.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" inspect
/usr/bin/python3 "$here/inspect_inputs.py"

says() {  # says WORDS...: each in the last output
  for words in "$@"; do check "inspect says '$words'" grep -qF -- "$words" run.log; done
}
for ranks in 0 2; do
  must $ranks inspect global.nc
  says "sst [K]: sea_surface_temperature" "18 x 36 points" "axes, every 10 x 10 degrees" "periodic in longitude" \
    "10 times, 2001-01-01 to 2001-01-02 ... 2001-01-12 to 2001-01-13, every 1 day, calendar noleap" \
    "2 missing, the first after 2001-01-05" "with bounds" "280 to 289 K, mean 284.5, in 10 times" \
    "25.0 % of the points without any, 0.2 % with gaps" "so is not read" "has 3 elements along 'depth'" \
    "mask [1]" "0 to 1 1, mean 0.75, without time"
done
must 1 inspect months.nc
says "4 x 5 points" "every 1000 x 1000 m" "24 times" "every 1 month" "calendar 360_day, none missing" "no bounds"
must 0 inspect global.nc --variable sst
check "that variable alone" test "$(grep -c 'mask \[' run.log)" = 0
refuse 65 "it holds: lat, lon, time, station" 0 inspect nothing.nc
refuse 65 "it holds: cell, x, lat, lon, to" 2 inspect cells.nc
refuse 65 "there is no variable 'none'" 2 inspect global.nc --variable none
refuse 64 "expected one file" 2 inspect global.nc months.nc --picture a.png
refuse 64 "is a basis" 0 inspect "$study/out/basis.nc" --picture a.png
refuse 65 "it holds: " 0 inspect nothing.nc --picture a.png
check "no picture of nothing" test ! -e a.png -a ! -e a.png.nc
if /usr/bin/python3 -c 'import matplotlib, netCDF4' 2>/dev/null; then
  for file in global months; do
    must 2 inspect $file.nc --picture $file.png
    check "$file.png is a PNG" test "$(head -c 4 $file.png | tail -c 3)" = PNG
  done
  check "the fields are not left behind" test ! -e global.png.nc
fi
no_temporaries .
finish
