#!/usr/bin/env bash
# Basis and product of the small study again, by the base alone, where the same bits must come.
#   invariants.sh BIN LAUNCHER SCRATCH CASE [LIBRARY]
# CASE: repeat (the same command), other_ranks (trainings at 1, 2 and 4 ranks; one that goes on with other
# groups, which is not the same bits, and says so), threads (of BLAS, OpenMP and Torch), scale (all data times 4: means
# times 4, variances times 16), nan_heap (fresh memory full of NaN: LIBRARY is tests/support/nan_heap.c)
set -euo pipefail
# shellcheck source=common.sh disable=SC2154
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "invariants_$4"
cp -- "$study/tiny.nml" .
reference="$study/bounded"
run() {  # run RANKS HR LR [ARGUMENTS...]: basis and product in out
  local ranks="$1" own=(tiny.nml --set "data.hr_files=$2" --set "data.lr_files=$3" --set output.directory=out "${@:4}")
  must "$ranks" basis "${own[@]}"
  must "$ranks" downscale "${own[@]}" --set sampling.uncertainty=base --set output.write_factors=.false.
}
given=("$reference/ocean_hr.nc" "$reference/ocean_lr.nc")

case "$4" in
  repeat) run 2 "${given[@]}" ;;
  threads)
    export OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=3
    run 0 "${given[@]}" --set training.threads=3
    ;;
  nan_heap)
    # A sanitizer has a heap of its own, and fills it.
    if ! LD_PRELOAD="$5" "$bin/podscale-ocean" --version >/dev/null 2>&1; then
      echo "skipped: the programs do not start with $5"
      exit 77
    fi
    export LD_PRELOAD="$5"
    run 0 "${given[@]}"
    unset LD_PRELOAD
    ;;
  other_ranks)
    full="$study/out"
    own=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set
      "output.basis_file=$full/basis.nc" --set output.directory=out)
    # In one go at any number of ranks (RANKS:TILE), whole and in tiles of one patch: the same bits.
    for run in 0:0 2:0 0:1 4:1; do
      must "${run%:*}" train "${own[@]}" --set "output.directory=$run" --set "model.tile=${run#*:}" \
        --set training.steps=6 --set training.validate_every=3
    done
    for runs in "0:0 2:0" "0:1 4:1"; do
      for group in parameters average best first_moment second_moment history calibration; do
        check "/$group of $runs" h5diff "${runs% *}/model.h5" "${runs#* }/model.h5" "/$group"
      done
    done
    for ranks in 2 4; do
      must "$ranks" downscale "${own[@]}" --set "output.model_file=$PWD/0:1/model.h5" --set "output.directory=out$ranks" \
        --set sampling.uncertainty=ensemble --set sampling.calibration=none
    done
    same_data out4/product.nc out2/product.nc
    must 2 train "${own[@]}" --set training.steps=10
    step() { h5dump -a /step out/model.h5 | sed -n 's/.*(0): \([0-9]*\).*/\1/p'; }
    check "a third of the steps is done" test "$(step)" = 10
    aloud 0 train "${own[@]}" --set training.groups=1
    check "all steps are done" test "$(step)" = 30
    check "from where it stopped" grep -q "going on from step 10" run.log
    check "and says that the bits differ" grep -q "was trained in 8 groups a batch, this run has 1 ranks and 1" run.err
    ;;
  scale)
    /usr/bin/python3 - "${given[@]}" <<'PY'
import shutil, sys
import netCDF4
for path, name in zip(sys.argv[1:], ("hr.nc", "lr.nc")):
    shutil.copyfile(path, name)
    with netCDF4.Dataset(name, "a") as file:
        file.set_auto_maskandscale(False)
        tos = file["tos"]
        values, fill = tos[:], getattr(tos, "_FillValue", None)
        tos[:] = values * 4 if fill is None else (values * 4) * (values != fill) + fill * (values == fill)
PY
    chmod u+w hr.nc lr.nc
    run 0 hr.nc lr.nc
    /usr/bin/python3 - "$reference/product.nc" out/product.nc <<'PY' || failed "the scaled product"
import sys
import netCDF4
import numpy as np
with netCDF4.Dataset(sys.argv[1]) as plain, netCDF4.Dataset(sys.argv[2]) as scaled:
    for name, factor in (("tos", 4), ("tos_variance", 16), ("tos_std", 4)):
        a, b = plain[name][:], scaled[name][:]
        assert a.count() > 1000 and np.ptp(a) > 0, name
        assert np.array_equal(np.ma.getmaskarray(a), np.ma.getmaskarray(b)), name
        wrong = np.ma.count(np.ma.masked_equal(b - factor * a, 0))
        assert wrong == 0, f"{name}: {wrong} of {a.count()} values are not {factor} times as large"
PY
    ;;
esac
if [[ "$4" != scale && "$4" != other_ranks ]]; then
  same_data out/basis.nc "$reference/basis.nc"
  same_data out/product.nc "$reference/product.nc"
fi
finish
