#!/usr/bin/env bash
# Ocean, basis, train and downscale on 2 ranks: the study that the other end-to-end tests share.
#   study.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" study
cp -- "$here/tiny.nml" .

must 2 ocean tiny.nml
check "the ocean is there" test -s out/ocean_hr.nc -a -s out/ocean_lr.nc
must 2 basis tiny.nml
check "the basis is there" test -s out/basis.nc
must 2 train tiny.nml
check "the model is there" test -s out/model.h5
must 2 downscale tiny.nml
check "the product is there" test -s out/product.nc
no_temporaries .
check "nothing else was written" test "$(find out -type f | wc -l)" = 5
rm -f run.log run.err
finish
