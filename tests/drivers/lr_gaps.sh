#!/usr/bin/env bash
# An LR cell without a value at a training time and at a time that is downscaled: members made again are those of
# the product, spread as wide.
#   lr_gaps.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" lr_gaps
usual+='|tos in ocean_lr\.nc: .* are filled from their neighbours'
cp -- "$study/tiny.nml" "$study/out/ocean_lr.nc" .
chmod u+w ocean_lr.nc
/usr/bin/python3 -c '
import netCDF4, numpy as np
with netCDF4.Dataset("ocean_lr.nc", "a") as f:
    days = netCDF4.num2date(f["time"][:], f["time"].units, f["time"].calendar)
    tos = f["tos"]
    ocean = np.argwhere(~np.ma.getmaskarray(tos[0]))
    y, x = ocean[len(ocean) // 2]
    for month, day in ((3, 5), (11, 4), (11, 9)):
        step = [d.month == month and d.day == day for d in days].index(True)
        tos[step, y, x] = np.ma.masked
'
own=(tiny.nml --set "data.hr_files=$study/out/ocean_hr.nc" --set data.lr_files=ocean_lr.nc --set output.directory=.)
own+=(--set sampling.uncertainty=base --set sampling.truncation_noise=.true.)
made_again() {  # made_again PRODUCT SETTINGS...: the product; its members again, the same; where LR has gaps it is wider
  must 2 downscale "${@:2}" --set "output.product_file=$1.nc"
  check "$1: said aloud" grep -q "the variance there is raised" run.log run.warnings
  for ranks in 1 2; do members_again $ranks "$1.nc"; done
  check "$1: the gaps widen the spread" /usr/bin/python3 -c '
import sys, netCDF4, numpy as np
raised = netCDF4.Dataset(sys.argv[1])["patch_raised"][:]
filled = raised.reshape(len(raised), -1).max(axis=1) > 1
assert list(np.flatnonzero(filled)) == [3, 8], raised.reshape(len(raised), -1).max(axis=1)
' "$1.factors.nc"
}
must 2 basis "${own[@]}"
made_again product "${own[@]}"
# Members of a network, too.
net=("${own[@]}" --set sampling.uncertainty=ensemble --set training.steps=10)
must 2 train "${net[@]}"
made_again net "${net[@]}"
no_temporaries .
finish
