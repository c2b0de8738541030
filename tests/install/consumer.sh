#!/usr/bin/env bash
# Installs the build, builds the consumer against what was installed, and compares its product with
# that of podscale-downscale.
#   consumer.sh BIN LAUNCHER SCRATCH BUILD
set -euo pipefail
# shellcheck source=../drivers/common.sh
source "$(dirname -- "$0")/../drivers/common.sh" "$1" "$2" "$3" consumer
source_folder="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/consumer"
cmake --install "$4" --prefix "$PWD/installed" >install.log
cmake -S "$source_folder" -B build -D CMAKE_PREFIX_PATH="$PWD/installed" >configure.log
cmake --build build >build.log 2>&1 || { tail -n 20 build.log; exit 1; }
sed "s#out/ocean#$study/out/ocean#g" "$study/tiny.nml" >consumer.nml
# shellcheck disable=SC2086
timeout -k 5 $((120 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1})) $launcher 2 build/consumer consumer.nml consumer.nc >run.log 2>&1 || {
  failed "the consumer does not run: exit $?"
  tail -n 20 run.log
}
own=(consumer.nml --set output.directory=. --set data.held_out=0.5)
must 2 basis "${own[@]}" --set base.season=0
must 2 downscale "${own[@]}" --set sampling.uncertainty=base --set sampling.calibration=none \
  --set "data.downscale='2000-10-01','2000-10-31'" --set output.write_members=.false.
check "as many days" test "$(ncdump -h consumer.nc | grep -c 'time = UNLIMITED ; // (31 currently)')" = 1
check "variances are there" test "$(cdo -s outputf,%.0f -gtc,0 -timmean -fldmin -selname,tos_variance consumer.nc)" = 1
check "as the product of podscale-downscale, to what another choice of the penalty makes" \
  test "$(cdo -s outputf,%.0f -ltc,0.2 -fldmax -timmax -abs -sub -selname,tos consumer.nc -selname,tos product.nc)" = 1
finish
