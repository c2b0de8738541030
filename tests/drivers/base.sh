#!/usr/bin/env bash
# The base, the head, members on demand and functionals, as the programs show them, on the shared study.
#   base.sh BIN LAUNCHER SCRATCH CASE     CASE: members, functionals or refusals
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "base_$4"
cp -- "$study/tiny.nml" .
full="$study/out"
inputs=(--set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc"
  --set "output.basis_file=$full/basis.nc" --set output.directory=.)
model=(--set "output.model_file=$PWD/head.h5" --set sampling.uncertainty=head)
alone=(--set output.model_file=absent.h5 --set sampling.uncertainty=base)
cp -- "$full/model.h5" head.h5

case "$4" in
  members)
    # A finished model goes on only to calibrate its head; the ensemble's calibration stays.
    must 2 train tiny.nml "${inputs[@]}" "${model[@]}"
    for kind in base head; do
      settings=("${alone[@]}")
      [[ $kind == base ]] || settings=("${model[@]}")
      for ranks in 1 2 4; do
        must $ranks downscale tiny.nml "${inputs[@]}" "${settings[@]}" --set output.product_file=$kind$ranks.nc
      done
      same_data ${kind}2.nc ${kind}1.nc
      same_data ${kind}4.nc ${kind}1.nc
    done
    cp -- "$full/product.nc" ensemble1.nc
    for kind in base head ensemble; do
      # The product says where basis and model are; the shared study's own paths are relative to it.
      at=(--basis "$full/basis.nc")
      [[ $kind == base ]] || at+=(--model "$([[ $kind == head ]] && echo "$PWD/head.h5" || echo "$full/model.h5")")
      for ranks in 1 2 4; do
        must $ranks members ${kind}1.nc "${at[@]}" --n 6 --output members$ranks.nc
        same_data members$ranks.nc ${kind}1.nc time,realization,tos_member
      done
      must 1 members ${kind}1.nc "${at[@]}" --n 2 --first 4 --output some.nc
      # shellcheck disable=SC2016
      check "members 4 and 5 of $kind" /usr/bin/python3 -c '
import sys, netCDF4, numpy
some, all = (netCDF4.Dataset(name) for name in sys.argv[1:])
assert list(some["realization"][:]) == [4, 5]
assert numpy.ma.allequal(some["tos_member"][:], all["tos_member"][:, 3:5])' some.nc ${kind}1.nc
    done
    ;;
  functionals)
    box="30,33,-72,-69"
    more=(--set "regions.names='box'" --set "regions.boxes=30,33,-72,-69" --set output.write_budget=.true. --set output.interval=0.9)
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${more[@]}" --set output.product_file=base.nc
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${more[@]}" --set output.product_file=one.nc
    same_data base.nc one.nc
    must 2 train tiny.nml "${inputs[@]}" "${model[@]}"
    must 2 downscale tiny.nml "${inputs[@]}" "${model[@]}" "${more[@]}" --set output.product_file=head.nc
    must 2 downscale tiny.nml "${inputs[@]}" --set "output.model_file=$full/model.h5" "${more[@]}" --set output.product_file=ensemble.nc
    must 1 members base.nc --basis "$full/basis.nc" --n 600 --output many.nc
    check "masks" /usr/bin/python3 "$here/region_masks.py" base.nc
    for kind in base head ensemble; do
      must 2 inspect $kind.nc --box $box --region up.nc --point 31,-70 --gradient 31,-70
      cp run.log $kind.txt
      check "functionals of $kind" /usr/bin/python3 "$here/judge_functionals.py" $kind.nc $kind.txt 30 33 -72 -69 \
        "$([[ $kind == base ]] && echo many.nc)"
    done
    # One region, however the file holds it.
    must 2 inspect base.nc --region up.nc
    grep ' 2000-' run.log >up.txt
    for mask in down.nc fill.nc both.nc:region; do
      must 2 inspect base.nc --region $mask
      check "the region of $mask" cmp <(grep ' 2000-' run.log) up.txt
    done
    ;;
  refusals)
    own=("${inputs[@]}" --set output.product_file=p.nc)
    refuse 65 "not calibrated" 2 downscale tiny.nml "${own[@]}" "${model[@]}"
    refuse 64 "there is no base" 0 downscale tiny.nml "${own[@]}" "${alone[@]}" --set model.base=none
    refuse 64 "needs no network" 0 train tiny.nml "${own[@]}" --set output.model_file=m.h5 --set sampling.uncertainty=base
    refuse 64 "velocity" 0 train tiny.nml "${own[@]}" --set output.model_file=m.h5 --set model.prediction=noise
    refuse 64 "regions.boxes" 0 downscale tiny.nml "${own[@]}" "${alone[@]}" --set "regions.names='a'"
    refuse 65 "no ocean point" 2 downscale tiny.nml "${own[@]}" "${alone[@]}" --set "regions.names='a'" --set regions.boxes=70,71,0,1
    refuse 64 "output.interval" 0 downscale tiny.nml "${own[@]}" "${alone[@]}" --set output.interval=0.7
    must 1 basis tiny.nml "${inputs[@]:0:4}" --set output.directory=none --set model.base=none
    refuse 65 "no linear-Gaussian base" 2 downscale tiny.nml "${inputs[@]:0:4}" --set output.directory=none "${alone[@]}"
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=bare.nc --set output.write_factors=.false.
    check "masks" /usr/bin/python3 "$here/region_masks.py" "$full/product.nc"
    for ranks in 0 2; do
      refuse 65 "write_factors" $ranks inspect bare.nc --box 30,33,-72,-69
      refuse 65 "no ocean point" $ranks inspect "$full/product.nc" --box 70,71,0,1
      refuse 65 "no ocean point" $ranks inspect "$full/product.nc" --region empty.nc
      refuse 65 "grid of the product" $ranks inspect "$full/product.nc" --region moved.nc
      refuse 65 "name the one" $ranks inspect "$full/product.nc" --region both.nc
      refuse 66 "absent.nc" $ranks inspect "$full/product.nc" --region absent.nc
    done
    refuse 65 "write_factors" 2 members bare.nc --basis "$full/basis.nc"
    refuse 65 "no ocean point" 2 inspect "$full/product.nc" --point 70,0
    refuse 66 "absent.nc" 0 members absent.nc
    refuse 66 "absent.nc" 2 members "$full/product.nc" --basis absent.nc
    # Another basis than that of the product, and of its model.
    must 1 basis tiny.nml "${inputs[@]:0:4}" --set output.directory=other --set basis.harmonics=0
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=base.nc
    refuse 65 "podscale_basis_checksum" 2 members base.nc --basis other/basis.nc
    refuse 65 "trained on the basis" 2 members "$full/product.nc" --basis other/basis.nc --model "$full/model.h5"
    ;;
esac
no_temporaries .
finish
