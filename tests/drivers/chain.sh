#!/usr/bin/env bash
# The end of the chain on 2 ranks: verify and inspect, and what they say of the shared study.
#   chain.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" chain
cp -r -- "$study/." .

must 2 verify tiny.nml
check "scores are there" test -s out/scores.txt -a -s out/scores.nc
for system in podscale bicubic_anomaly bilinear_anomaly bicubic bilinear climatology; do
  check "a row of scores.txt for $system" grep -qE "^$system +[0-9]+\.[0-9]+ " out/scores.txt
done
check "scores.txt is what was printed" grep -qF "$(grep '^podscale ' out/scores.txt | head -n 1)" run.log
check "scores.txt says that these are the members' scores" grep -q '14 times' out/scores.txt
if /usr/bin/python3 -c 'import matplotlib, netCDF4' 2>/dev/null; then
  check "the picture is a PNG" test "$(head -c 4 out/picture.png | tail -c 3)" = PNG
fi
# A block of one step is told of, once.
aloud 2 verify tiny.nml --check --set verify.block_days=1
check "the warning of a single step" test "$(grep -c 'a block is a single step' run.err)" = 1
no_temporaries .

must 2 inspect out/basis.nc out/model.h5 out/product.nc out/scores.nc out/ocean_hr.nc out/ocean_lr.nc
for word in "a POD basis" "19 of 20 patches" "matches the contents" "a denoiser" "at step 30 on 2 ranks" "Tiny study" \
  "tos_variance [K2]" "tos_member" "Synthetic ocean, low resolution"; do
  check "inspect says '$word'" grep -qF -- "$word" run.log
done
# The same chain of checksums in basis, model and product.
checksum="$(sed -n 's/.*with its base: checksum \([0-9a-f]*\),.*/\1/p' run.log)"
check "a checksum of 16 digits" test "${#checksum}" = 16
check "basis, model and product name it" test "$(grep -c "$checksum" run.log)" = 3

# Run again: a finished training does nothing more, and a product is replaced by the same bits.
cp out/product.nc first.nc
cp out/model.h5 first.h5
must 2 train tiny.nml
check "a finished training changes no weights" h5diff first.h5 out/model.h5
must 2 downscale tiny.nml
same_data first.nc out/product.nc
no_temporaries .
finish
