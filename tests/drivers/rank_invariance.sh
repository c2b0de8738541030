#!/usr/bin/env bash
# The same bits at 1, 2 and 4 ranks: ocean and basis; product and scores, given the same basis and model.
#   rank_invariance.sh BIN LAUNCHER SCRATCH CASE     CASE: ocean_basis or product
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "rank_invariance_$4"
cp -- "$study/tiny.nml" .
full="$study/out"
inputs=(--set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc"
  --set "output.basis_file=$full/basis.nc" --set "output.model_file=$full/model.h5")
global() {  # global FILE ATTRIBUTE
  ncdump -h "$1" | grep -F ":$2 = " || echo "no $2 in $1"
}
check "the comparison sees a file's data" test "$(data_of "$full/product.nc" | wc -l)" -gt 1000

case "$4" in
  ocean_basis)
    for ranks in 1 4; do
      must "$ranks" ocean tiny.nml --set "output.directory=ranks$ranks"
      same_data "ranks$ranks/ocean_hr.nc" "$full/ocean_hr.nc"
      same_data "ranks$ranks/ocean_lr.nc" "$full/ocean_lr.nc"
      must "$ranks" basis tiny.nml "${inputs[@]:0:4}" --set "output.directory=ranks$ranks"
      same_data "ranks$ranks/basis.nc" "$full/basis.nc"
      for attribute in podscale_checksum explained_variance training_times patch_size; do
        check "$attribute of the basis at $ranks ranks" \
          test "$(global "ranks$ranks/basis.nc" $attribute)" = "$(global "$full/basis.nc" $attribute)"
      done
    done
    # More ranks than rows of patches, and a patch size that does not divide the grid.
    for ranks in 1 2 4; do
      must "$ranks" basis tiny.nml "${inputs[@]:0:4}" --set "output.directory=ragged$ranks" --set patches.size=20,14
    done
    same_data ragged2/basis.nc ragged1/basis.nc
    same_data ragged4/basis.nc ragged1/basis.nc
    ;;
  product)
    for ranks in 1 4; do
      must "$ranks" downscale tiny.nml "${inputs[@]}" --set "output.directory=ranks$ranks"
      same_data "ranks$ranks/product.nc" "$full/product.nc"
    done
    must 2 downscale tiny.nml "${inputs[@]}" --set output.directory=plain --set output.write_members=.false. \
      --set sampling.time_block=16
    same_data plain/product.nc ranks1/product.nc time,lat,lon,lat_bnds,lon_bnds,tos,tos_variance,tos_std
    for ranks in 1 2 4; do
      must "$ranks" verify tiny.nml "${inputs[@]}" --set "output.product_file=$full/product.nc" \
        --set "output.directory=scores$ranks" --set verify.picture_file=
    done
    for ranks in 2 4; do
      same_data "scores$ranks/scores.nc" scores1/scores.nc
      check "scores.txt at $ranks ranks" cmp "scores$ranks/scores.txt" scores1/scores.txt
    done
    ;;
esac
no_temporaries .
finish
