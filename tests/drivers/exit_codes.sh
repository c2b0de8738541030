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

mkfifo pipe pipe.h5
one_line() {  # one_line CODE WORD WHAT: the code in $code, and one line in run.err that holds the word
  ((code == $1)) && grep -qF -- "$2" run.err && [[ "$(wc -l <run.err)" == 1 ]] && return
  failed "$3: exit $code, expected $1 and one line with '$2'"
  cat run.err
}
unprinted() {  # unprinted PROGRAM ARGUMENTS...: its results go to a full disk
  code=0
  timeout -k 5 $((60 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1})) "$bin/podscale-$1" "${@:2}" >/dev/full 2>run.err || code=$?
  one_line 74 "standard output: cannot be written" "podscale-$* >/dev/full"
}
starve() {  # starve KIB RANKS PROGRAM ARGUMENTS...: the run gets so little address space
  if ! (ulimit -v "$1" && "$bin/podscale-$3" --version >/dev/null 2>&1); then
    echo "not run: $3 does not start in $1 KiB (a sanitizer?)"
    return
  fi
  (
    failures=0
    ulimit -v "$1"
    refuse 74 "out of memory on rank 0: use more ranks" "${@:2}"
    exit $failures
  ) || failed "podscale-$3 in $1 KiB"
}
unprinted "$program" --help
unprinted "$program" --version

if [[ "$program" != inspect && "$program" != members ]]; then
  refuse 66 "missing.nml" 0 "$program" missing.nml
  refuse 65 "pipe: is a pipe" 2 "$program" pipe
  refuse 65 "is a directory" 0 "$program" .
  refuse 65 "/dev/zero: is a device" 0 "$program" /dev/zero
  unprinted "$program" --reference
  unprinted "$program" tiny.nml --print-path output.product_file
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
    unprinted ocean tiny.nml --set output.directory=made --set ocean.last_date=2000-01-31
    check "all but the log is there" test -s made/ocean_hr.nc -a -s made/ocean_lr.nc
    ;;
  basis)
    own=("${given[@]}" --set output.basis_file=basis.nc)
    refuse 66 "absent.nc" 0 basis "${own[@]}" --set data.hr_files=absent.nc
    refuse 66 "absent.nc" 2 basis "${own[@]}" --set data.lr_files=absent.nc
    refuse 65 "tos" 0 basis "${own[@]}" --set data.hr_variable=sst
    refuse 64 "2000-11-31' exists in no calendar" 2 basis "${own[@]}" --set data.validate=2000-01-01,2000-11-31
    refuse 64 "half of a patch" 2 basis "${own[@]}" --set patches.overlap=5
    refuse 64 "half of a patch" 0 basis "${own[@]}" --set patches.overlap=5 --check
    overwrite output.basis_file "${given[@]}"
    cp "$full/ocean_hr.nc" mine.nc
    ln -s mine.nc other_name.nc
    refuse 64 "is an input" 0 basis "${own[@]}" --set data.hr_files=mine.nc --set output.basis_file=other_name.nc --set output.directory=.
    refuse 64 "is an input" 2 basis "${own[@]}" --set data.hr_files=mine.nc --set output.basis_file=mine.nc --set output.directory=.
    mine=(--set output.basis_file=basis.nc --set output.model_file=mine.nc --set output.directory=.)
    for input in history.files history.lr_files; do
      refuse 64 "mine.nc is an input, of $input" 0 basis "${given[@]}" "${mine[@]}" --set history.ages=2 --set "$input=absent.nc,m?ne.nc"
    done
    echo "&images train_files = 'absent.nc' /" >images.nml
    for input in train_files validate_files test_files validate_lr_files test_lr_files; do
      refuse 64 "mine.nc is an input, of images.$input" 0 basis images.nml "${mine[@]}" --set "images.$input=absent.nc,m?ne.nc"
    done
    refuse 64 "mine.nc is an input, of images.train_lr_files" 0 basis images.nml "${mine[@]}" --set images.degrade=files \
      --set images.train_lr_files=mine.nc
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
    for key in hr_files lr_files mask_file; do
      refuse 65 "pipe: is a pipe" 2 basis "${own[@]}" --set data.mask_variable=mask --set "data.$key=pipe"
    done
    # Alike on every rank: one line, too.
    refuse 65 "free of land" 2 basis "${own[@]}" --set patches.basis=shared --set patches.size=32,40
    refuse 65 "only 32 x 40 points" 2 basis "${own[@]}" --set data.lr_source=coarsen --set data.coarsen_factor=64
    must 0 ocean tiny.nml --set output.directory=round --set ocean.ny=16 --set ocean.lat0=-72 --set ocean.resolution=9
    refuse 65 "does not divide the 40 longitudes" 2 basis "${own[@]}" --set data.hr_files=round/ocean_hr.nc \
      --set data.lr_source=coarsen --set data.coarsen_factor=7
    echo "&output directory = 'out' /" >bare.nml
    refuse 64 "hr_files is not given" 2 basis bare.nml
    refuse 64 "basis_file is not given" 2 basis "${own[@]}" --set output.basis_file=
    starve 500000 0 basis "${own[@]}"
    starve 500000 2 basis "${own[@]}"
    ;;
  train)
    own=("${given[@]}" --set output.model_file=model.h5)
    refuse 66 "absent.nc" 0 train "${own[@]}" --set output.basis_file=absent.nc
    refuse 65 "$no_common" 0 train "${own[@]}" --set data.validate=1990-01-01,1991-12-31
    overwrite output.model_file "${given[@]}"
    refuse 64 "multiple" 2 train "${own[@]}" --set training.batch=9
    refuse 64 "no CUDA device" 2 train "${own[@]}" --set model.device=cuda
    refuse 64 "no CUDA device" 0 train "${own[@]}" --set model.device=cuda --check
    refuse 64 "model.precision = 'tf32'" 2 train "${own[@]}" --set model.precision=tf32 --check
    refuse 65 "pipe: is a pipe" 0 train "${own[@]}" --set "output.basis_file=$PWD/pipe"
    refuse 74 "pipe: cannot be written" 2 train "${own[@]}" --set "output.model_file=$PWD/pipe" --set output.directory=other
    for ranks in 0 2; do
      starve 1500000 $ranks train "${own[@]}" --set model.width=8192 --set output.directory=other
    done
    ;;
  downscale)
    refuse 64 "the same file" 2 downscale "${given[@]}" --set output.product_file=basis.nc --set output.basis_file=basis.nc
    overwrite output.product_file "${given[@]}"
    own=("${given[@]}" --set output.product_file=product.nc)
    refuse 64 "no CUDA device" 2 downscale "${own[@]}" --set model.device=cuda --check
    refuse 64 "model.precision = 'tf32'" 2 downscale "${own[@]}" --set model.precision=tf32
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
    for key in data.lr_files output.basis_file output.model_file; do
      refuse 65 "pipe: is a pipe" 0 downscale "${own[@]}" --set "$key=$PWD/pipe"
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
    for key in data.lr_files data.truth_files output.basis_file output.product_file; do
      refuse 65 "pipe: is a pipe" 2 verify "${own[@]}" --set "$key=$PWD/pipe"
    done
    refuse 65 "pipe: is a pipe" 0 verify "${own[@]}" --compare "other=$PWD/pipe"
    unprinted verify "${own[@]}" --set "output.directory=$PWD/table"
    check "the table is in its file" test -s table/scores.txt
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
    refuse 65 "pipe: is a pipe" 2 inspect pipe
    refuse 65 "pipe.h5: is a pipe" 0 inspect pipe.h5
    refuse 65 "pipe: is a pipe" 0 inspect "$full/product.nc" --region pipe
    unprinted inspect "$full/product.nc"
    unprinted inspect "$full/product.nc" --box=-90,90,0,360
    ;;
  members)
    own=(--output made.nc --basis "$full/basis.nc" --model "$full/model.h5")
    refuse 66 "absent.nc" 2 members absent.nc "${own[@]}"
    refuse 65 "pipe: is a pipe" 2 members pipe "${own[@]}"
    ncdump "$full/product.nc" | sed '/time:units/s/since.*"/since yesterday"/' >undated.cdl
    ncgen -k nc4 -o undated.nc undated.cdl
    refuse 65 "'yesterday' is no date" 2 members undated.nc "${own[@]}"
    check "no members" test ! -e made.nc
    ;;
esac
check "no file is made" test -z "$(find . -path './out/*' -type f)"
check "the study is as it was" test "$(listing "$study")" = "$before"
no_temporaries .
finish
