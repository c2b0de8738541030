#!/usr/bin/env bash
# HR series with gaps that move, through all programs, on the shared study.
#   gaps.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" gaps
cp -- "$study/tiny.nml" .
full="$study/out"
chmod u+w .
read -r -a rare < <(/usr/bin/python3 "$here/hide_bands.py" "$full/ocean_hr.nc" hr.nc 280 2)
own=(tiny.nml --set data.hr_files=hr.nc --set "data.lr_files=$full/ocean_lr.nc" --set output.directory=. --set output.write_members=.false.)
gaps=(--set data.least_values=0.3)
heard() { check "$1" grep -qE "$1" run.warnings; }

# As they are, no point has all values: what to do is said.
refuse 65 "data.least_values = 0.3" 2 basis "${own[@]}" --set data.doubts=accept
refuse 65 "let HR have gaps" 2 basis "${own[@]}"
check "nothing is written" test ! -e basis.nc
refuse 64 "data.least_values" 0 basis "${own[@]}" --set data.least_values=1.5
# A patch with too few values for its modes.
refuse 65 "whole times of the" 2 basis "${own[@]}" --set data.least_values=0.02 --set data.train=2000-01-01,2000-01-30 --set data.validate=2000-02-01,2000-02-28 --set basis.harmonics=0 --set patches.modes=14

aloud 2 basis "${own[@]}" "${gaps[@]}"
heard 'ocean points have gaps in data.train, [0-9.]+ % of all their values: they are kept'
heard '1 points of tos in hr.nc have values at fewer than'
heard '[0-9.]+ % of the values of data.validate are missing, 2 of its 31 times have none'
mv basis.nc basis_2.nc
aloud 1 basis "${own[@]}" "${gaps[@]}"
same_data basis.nc basis_2.nc
check "the rare point alone is land" /usr/bin/python3 -c '
import netCDF4, numpy as np, sys
mine, full = (netCDF4.Dataset(p)["ocean"][:] for p in sys.argv[1:3])
differs = np.argwhere(np.asarray(mine) != np.asarray(full))
assert differs.tolist() == [[int(sys.argv[3]), int(sys.argv[4])]], differs
' basis.nc "$full/basis.nc" "${rare[@]}"

# The network, the product and its scores.
gaps+=(--set sampling.uncertainty=head)
aloud 2 train "${own[@]}" "${gaps[@]}"
heard '[0-9.]+ % of the values of data.train are missing'
aloud 2 downscale "${own[@]}" "${gaps[@]}"
mv product.nc product_2.nc
aloud 1 downscale "${own[@]}" "${gaps[@]}"
same_data product.nc product_2.nc
aloud 2 verify "${own[@]}" "${gaps[@]}" --set verify.picture_file=
heard '[0-9.]+ % of the values at ocean points are missing, 0 of 14 times have none: scores are over those that are there'
refuse 65 "data.least_values" 2 train "${own[@]}" --set output.model_file=other.h5

# A series without gaps: the same basis whatever the key says.
must 2 basis "${own[@]}" --set "data.hr_files=$full/ocean_hr.nc" --set output.basis_file=one.nc
must 2 basis "${own[@]}" --set "data.hr_files=$full/ocean_hr.nc" --set output.basis_file=two.nc "${gaps[@]}"
same_data one.nc two.nc
# Gaps in the validation period alone.
/usr/bin/python3 "$here/hide_bands.py" "$full/ocean_hr.nc" all.nc 0 0 >/dev/null
/usr/bin/python3 -c '
import netCDF4, sys
with netCDF4.Dataset("all.nc") as gappy, netCDF4.Dataset("hr.nc", "a") as f:
    full = netCDF4.Dataset(sys.argv[1])
    for d in (gappy, f, full): d.set_auto_mask(False)
    values = full["tos"][:]
    values[274:305] = gappy["tos"][274:305]
    f["tos"][:] = values
' "$full/ocean_hr.nc"
refuse 65 "data.least_values" 2 basis "${own[@]}" --set output.basis_file=three.nc
aloud 2 basis "${own[@]}" --set output.basis_file=three.nc "${gaps[@]}"
same_data one.nc three.nc phi
no_temporaries .
finish
