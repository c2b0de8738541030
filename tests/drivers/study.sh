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

# Daily means with their bounds, for the judges of the product.
cp -r out bounded
rm bounded/basis.nc bounded/product*.nc bounded/model.h5
chmod u+w bounded/*.nc
for res in hr lr; do
  /usr/bin/python3 "$here/add_time_bounds.py" bounded/ocean_$res.nc 0 1
done
bounded=(--set data.hr_files=bounded/ocean_hr.nc --set data.lr_files=bounded/ocean_lr.nc --set output.directory=bounded)
must 2 basis tiny.nml "${bounded[@]}"
must 2 downscale tiny.nml "${bounded[@]}" --set sampling.uncertainty=base --set output.write_factors=.false.
no_temporaries .
check "nothing else was written" test "$(find out -type f | wc -l)" = 6
rm -f run.log run.err
finish
