#!/usr/bin/env bash
# Exit codes and the one line that each error prints, without a hang, and what is left of the outputs: nothing.
#   exit_codes.sh BIN LAUNCHER SCRATCH PROGRAM
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "exit_codes_$4"
program="$4"
cp -- "$study/tiny.nml" .
full="$study/out"
# Everything is given by absolute paths; ./out does not exist.
given=(tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc"
  --set "output.basis_file=$full/basis.nc" --set "output.model_file=$full/model.h5" --set "output.product_file=$full/product.nc")
echo "no NetCDF, only words" >words.nc
echo "&$([[ "$program" == ocean ]] && echo ocean seeed || echo data trian) = 1 /" >unknown.nml
no_common="1990-01-01"
export CUDA_VISIBLE_DEVICES=  # no GPU, whatever this machine has
before="$(listing "$study")"

if [[ "$program" != inspect ]]; then
  refuse 66 "missing.nml" 0 "$program" missing.nml
  refuse 64 "did you mean" 0 "$program" unknown.nml
  own=("${given[@]}" --set output.directory=words.nc/below)  # a folder below a regular file
  case "$program" in
    basis) own+=(--set output.basis_file=b.nc) ;;
    train) own+=(--set output.model_file=m.h5) ;;
    downscale) own+=(--set output.product_file=p.nc) ;;
  esac
  refuse 74 "can't make words.nc/below" 0 "$program" "${own[@]}"
fi

# No output takes the place of the namelist, by whatever name.
overwrite() {  # overwrite KEY ARGUMENTS...
  local key="$1" name
  shift
  for name in tiny.nml ./out/../tiny.nml "$PWD/tiny.nml" linked.nml hard.nml folder/tiny.nml; do
    refuse 64 "the namelist" 0 "$program" "$@" --set output.directory=. --set "$key=$name"
  done
  refuse 64 "the namelist" 2 "$program" "$@" --set output.directory=. --set "$key=folder/tiny.nml"
  check "the namelist is whole" cmp -s "$study/tiny.nml" tiny.nml
}
ln -s tiny.nml linked.nml
ln tiny.nml hard.nml
ln -s . folder

case "$program" in
  ocean)
    overwrite ocean.hr_file "${given[@]}"
    overwrite ocean.lr_file "${given[@]}"
    refuse 64 "the same file" 2 ocean "${given[@]}" --set output.directory=. --set ocean.hr_file=o.nc --set ocean.lr_file=folder/o.nc
    refuse 74 "expected a file" 2 ocean "${given[@]}" --set output.directory=. --set ocean.hr_file=folder
    ;;
  basis)
    own=("${given[@]}" --set output.basis_file=basis.nc)
    refuse 66 "absent.nc" 0 basis "${own[@]}" --set data.hr_files=absent.nc
    refuse 66 "absent.nc" 2 basis "${own[@]}" --set data.lr_files=absent.nc
    refuse 65 "tos" 0 basis "${own[@]}" --set data.hr_variable=sst
    refuse 64 "half of a patch" 2 basis "${own[@]}" --set patches.overlap=5
    refuse 64 "half of a patch" 0 basis "${own[@]}" --set patches.overlap=5 --check
    overwrite output.basis_file "${given[@]}"
    cp "$full/ocean_hr.nc" mine.nc
    ln -s mine.nc other_name.nc
    refuse 64 "is an input" 0 basis "${own[@]}" --set data.hr_files=mine.nc --set output.basis_file=other_name.nc --set output.directory=.
    refuse 64 "is an input" 2 basis "${own[@]}" --set data.hr_files=mine.nc --set output.basis_file=mine.nc --set output.directory=.
    check "the input is whole" cmp -s "$full/ocean_hr.nc" mine.nc
    refuse 65 "sst" 2 basis "${own[@]}" --set data.lr_variable=sst
    refuse 65 "words.nc" 0 basis "${own[@]}" --set data.lr_files=words.nc
    refuse 65 "is not NetCDF" 2 basis "${own[@]}" --set data.lr_files=words.nc
    refuse 65 "$no_common" 0 basis "${own[@]}" --set data.train=1990-01-01,1991-12-31
    # A mask without ocean: by a mask variable, and because the data are missing everywhere.
    {
      printf 'netcdf mask {\ndimensions:\n lat = 32 ;\n lon = 40 ;\nvariables:\n byte mask(lat, lon) ;\n'
      ncdump -h "$full/ocean_hr.nc" | grep -E '^\s+(double (lat|lon)\(|(lat|lon):(standard_name|units))'
      echo 'data:'
      ncdump -v lat,lon "$full/ocean_hr.nc" | sed '1,/^data:/d;/^}/d'
      echo " mask = $(printf '0,%.0s' {1..1279})0 ; }"
    } >mask.cdl
    ncgen -k nc4 -o mask.nc mask.cdl
    refuse 65 "mask" 0 basis "${own[@]}" --set data.mask_file=mask.nc --set data.mask_variable=mask
    cdo -s -setrtomiss,-1e9,1e9 "$full/ocean_hr.nc" dry.nc
    refuse 65 "dry.nc" 0 basis "${own[@]}" --set data.hr_files=dry.nc
    ;;
  train)
    own=("${given[@]}" --set output.model_file=model.h5)
    refuse 66 "absent.nc" 0 train "${own[@]}" --set output.basis_file=absent.nc
    refuse 65 "$no_common" 0 train "${own[@]}" --set data.validate=1990-01-01,1991-12-31
    overwrite output.model_file "${given[@]}"
    refuse 64 "multiple" 2 train "${own[@]}" --set training.batch=9
    refuse 64 "no CUDA device" 2 train "${own[@]}" --set model.device=cuda
    refuse 64 "no CUDA device" 0 train "${own[@]}" --set model.device=cuda --check
    ;;
  downscale)
    refuse 64 "the same file" 2 downscale "${given[@]}" --set output.product_file=basis.nc --set output.basis_file=basis.nc
    overwrite output.product_file "${given[@]}"
    own=("${given[@]}" --set output.product_file=product.nc)
    refuse 64 "no CUDA device" 2 downscale "${own[@]}" --set model.device=cuda --check
    refuse 66 "absent.h5" 0 downscale "${own[@]}" --set output.model_file=absent.h5
    refuse 66 "absent.nc" 0 downscale "${own[@]}" --set data.lr_files=absent.nc
    refuse 65 "sst" 0 downscale "${own[@]}" --set data.lr_variable=sst
    refuse 65 "$no_common" 0 downscale "${own[@]}" --set data.downscale=1990-01-01,1991-12-31
    head -c 100000 "$full/model.h5" >half.h5
    refuse 65 "half.h5" 0 downscale "${own[@]}" --set "output.model_file=$PWD/half.h5"
    refuse 65 "half.h5" 2 downscale "${own[@]}" --set "output.model_file=$PWD/half.h5"
    must 0 basis "${given[@]}" --set output.directory=other --set output.basis_file=basis.nc --set basis.harmonics=0
    refuse 65 "trained on the basis" 0 downscale "${own[@]}" --set "output.basis_file=$PWD/other/basis.nc"
    head -c 100000 "$full/basis.nc" >half.nc
    refuse 65 "half.nc" 0 downscale "${own[@]}" --set "output.basis_file=$PWD/half.nc"
    damage "$full/basis.nc" damaged.nc
    damage "$full/model.h5" damaged.h5
    head -c -36 "$full/basis.nc" >bare.nc
    head -c -36 "$full/model.h5" >bare.h5
    for ranks in 0 2; do
      refuse 65 "damaged.nc: damaged" $ranks downscale "${own[@]}" --set "output.basis_file=$PWD/damaged.nc"
      refuse 65 "damaged.h5: damaged" $ranks downscale "${own[@]}" --set "output.model_file=$PWD/damaged.h5"
      refuse 65 "bare.nc: has no checksum" $ranks downscale "${own[@]}" --set "output.basis_file=$PWD/bare.nc"
      refuse 65 "bare.h5: has no checksum" $ranks downscale "${own[@]}" --set "output.model_file=$PWD/bare.h5"
    done
    ;;
  verify)
    own=("${given[@]}" --set verify.picture_file=)
    for key in scores text picture; do overwrite "verify.${key}_file" "${given[@]}"; done
    cp "$full/product.nc" mine.nc
    refuse 64 "is an input" 0 verify "${given[@]}" --set output.directory=. --set verify.scores_file=mine.nc --compare other=folder/mine.nc
    refuse 66 "absent.nc" 0 verify "${own[@]}" --set output.product_file=absent.nc
    refuse 66 "absent.nc" 2 verify "${own[@]}" --set data.truth_files=absent.nc
    refuse 65 "sst" 0 verify "${own[@]}" --set "data.truth_files=$full/ocean_hr.nc" --set data.truth_variable=sst
    refuse 65 "words.nc" 0 verify "${own[@]}" --set data.truth_files=words.nc
    refuse 65 "tos_is_not_here" 0 verify "${own[@]}" --set output.variable_name=tos_is_not_here
    # A truth of another time than the product.
    cdo -s -shifttime,10years "$full/ocean_hr.nc" later.nc
    refuse 65 "later.nc" 0 verify "${own[@]}" --set data.truth_files=later.nc
    damage "$full/product.nc" damaged.nc
    damage "$full/ocean_hr.nc" damaged_hr.nc
    for ranks in 0 2; do
      refuse 65 "damaged.nc: damaged" $ranks verify "${own[@]}" --set "output.product_file=$PWD/damaged.nc"
      refuse 65 "damaged.nc: damaged" $ranks verify "${own[@]}" --compare damaged.nc
      refuse 65 "damaged_hr.nc: damaged" $ranks verify "${own[@]}" --set data.truth_files=damaged_hr.nc
    done
    # Changed by another program: as it is, and said so.
    head -c -36 "$full/product.nc" >bare.nc
    check "a product without its checksum" ranks_of 2 verify "${own[@]}" --set output.directory=. \
      --set "output.product_file=$PWD/bare.nc" 2>run.err
    check "one warning" test "$(grep -c "warning: .*bare.nc: has no checksum" run.err)" = 1
    ;;
  inspect)
    refuse 66 "absent.nc" 0 inspect absent.nc
    refuse 65 "words.nc" 0 inspect "$full/basis.nc" words.nc
    cp words.nc words.h5
    refuse 65 "words.h5" 2 inspect words.h5
    head -c 100000 "$full/product.nc" >half.nc
    refuse 65 "half.nc" 0 inspect half.nc
    for name in basis.nc model.h5 product.nc ocean_lr.nc; do
      damage "$full/$name" "damaged_$name"
      refuse 65 "damaged_$name: damaged" 2 inspect "damaged_$name"
    done
    refuse 65 "damaged_product.nc: damaged" 2 inspect damaged_product.nc --point 31,-70
    ;;
esac
check "no file is made" test -z "$(find . -path './out/*' -type f)"
check "the study is as it was" test "$(listing "$study")" = "$before"
no_temporaries .
finish
