#!/usr/bin/env bash
# Images: basis, downscale and verify at 1 and 2 ranks, a network, restart by image, one image on the
# command line, and files of the wrong kind.
#   images.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" images
usual+='|.*images\.degrade = '

# stack NAME IMAGES ROWS COLUMNS PHASE: waves with an edge across them, of all levels from 0 to 255.
stack() {
  awk -v n="$2" -v ny="$3" -v nx="$4" -v phase="$5" 'BEGIN {
    printf "netcdf stack {\ndimensions:\n image = %d ; y = %d ; x = %d ;\nvariables:\n float grey(image, y, x) ;\ndata:\n grey =", n, ny, nx
    for (i = 0; i < n; ++i) for (y = 0; y < ny; ++y) for (x = 0; x < nx; ++x) {
      v = 128 + 60 * sin((0.2 + 0.07 * i) * x + 0.3 * y + phase + i) + (x * (1 + i % 3) > y + 9 * i ? 60 : -60)
      printf "%s %.2f", (i + y + x > 0 ? "," : ""), (i + y + x == 0 ? 0 : i + y + x == 1 && x == 1 ? 255 : v < 0 ? 0 : v > 255 ? 255 : v)
    }
    print " ;\n}"
  }' | ncgen -o "$1" -
}
stack train.nc 6 32 40 0
stack validate.nc 2 32 40 2
stack test.nc 3 26 37 4  # sides that are no multiple of a patch
stack lone.nc 1 7 5 1
cat >images.nml <<'EOF'
&images
  train_files = 'train.nc'
  validate_files = 'validate.nc'
  test_files = 'test.nc'
  degrade = 'block'
  factor = 2
  patch = 4
  halo = 2
  boxes = 2, 4
  contrast_classes = 5
/
&sampling
  uncertainty = 'base'
  members = 2
/
&output
  directory = 'out'
  image_directory = ''
  write_members = .true.
/
EOF

must 2 basis images.nml
must 2 downscale images.nml
must 2 verify images.nml --set verify.picture_file=
check "scores" grep -q '^podscale ' out/scores.txt
# The closed form of boxes is in the product, and in the scores beside the members and the error.
check "boxes in the product" grep -q '_std_box_4(' <(ncdump -h out/product.nc)
check "boxes in the scores" awk '/^Means over boxes/{at = NR} at && NR > at + 1 && NF == 5 && $3 > 0 && $4 > 0 {n++} END {exit n != 2}' out/scores.txt
# A linear forecast of patches beats bicubic interpolation of block means.
check "better than bicubic" awk '/^podscale /{p = $2} /^bicubic /{b = $2} END {exit !(p > b + 0.5)}' out/scores.txt

must 1 basis images.nml --set output.directory=one
same_data out/basis.nc one/basis.nc
refuse 75 "run again" 1 downscale images.nml --set output.directory=one --set training.time_limit=00:00:00
check "one image is finished" test "$(find one/product.nc.parts -name '*.nc' | wc -l)" = 1
check "no product yet" test ! -e one/product.nc
before="$(listing one/product.nc.parts)"
refuse 75 "run again" 1 downscale images.nml --set output.directory=one --set training.time_limit=00:00:00
check "what is finished stays" grep -qF "$(head -n 1 <<<"$(grep ' f ' <<<"$before")")" <(listing one/product.nc.parts)
must 1 downscale images.nml --set output.directory=one
same_data out/product.nc one/product.nc
check "parts are gone" test ! -e one/product.nc.parts

# What is finished is left alone, until something that it follows from changes.
finished() {  # finished PROGRAM ARGUMENTS...: nothing is done
  local before
  before="$(listing one)"
  must 2 "$@"
  check "one line says so" grep -q "is finished: version, namelist" run.log
  check "no file is touched" test "$(listing one)" = "$before"
}
again() {  # again FILE PROGRAM ARGUMENTS...: the file is made again
  local before
  before="$(listing "$1")"
  must 2 "${@:2}"
  check "$1 is made again: ${*:2}" test "$(listing "$1")" != "$before"
}
(
  unset PODSCALE_FORCE
  own=(images.nml --set output.directory=one --set output.image_directory=drawn)
  again one/product.nc downscale "${own[@]}"
  finished basis "${own[@]}" --set images.boxes=2
  finished downscale "${own[@]}"
  std="$(find . -name 'test_001_std.png' | grep drawn)"
  rm "$std"
  again one/product.nc downscale "${own[@]}"
  check "the picture, too" test -s "$std"
  again one/product.nc downscale "${own[@]}" --force
  again one/product.nc downscale "${own[@]}" --set images.boxes=2
  touch test.nc
  again one/product.nc downscale "${own[@]}" --set images.boxes=2
  damage one/product.nc damaged_product.nc
  mv damaged_product.nc one/product.nc
  before="$(listing one/product.nc)"
  aloud 2 downscale "${own[@]}" --set images.boxes=2
  check "damaged: made again" test "$(listing one/product.nc)" != "$before"
  touch train.nc
  again one/basis.nc basis "${own[@]}"
  again one/basis.nc basis "${own[@]}" --set images.halo=1
  exit $((failures > 0))
) || failed "see above"
rm -r one
mkdir one

# What is said of fields is not taken as said of images.
refuse 64 "model.precision = 'bfloat16' beside &images" 1 downscale images.nml --set model.precision=bfloat16
refuse 64 "patches.size = 16, 16 beside &images" 2 basis images.nml --set patches.size=16,16
refuse 64 "sampling.uncertainty = 'ensemble' beside &images; expected auto, head, base" 1 downscale images.nml \
  --set sampling.uncertainty=ensemble
refuse 64 "sampling.calibration = 'running' beside &images" 1 downscale images.nml --set sampling.calibration=running

# LR alone, on the command line: products beside it.
mkdir pictures
cp lone.nc pictures/
must 1 downscale images.nml --image pictures/lone.nc
check "a product of one image" grep -q 'double\|float' <(ncdump -h pictures/lone_podscale.nc)
check "of twice as many points" grep -q '= 14 ;' <(ncdump -h pictures/lone_podscale.nc)
check "no truth" bash -c "! ncdump -h pictures/lone_podscale.nc | grep -q _truth"

# Products are named after the file, whatever it is called.
mkdir names
cp lone.nc names/.a.1.nc
cp lone.nc names/.a.2.nc
must 1 downscale images.nml --image names/.a.1.nc
must 1 downscale images.nml --image names/.a.2.nc
check "a product each" test -s names/.a.1_podscale.nc -a -s names/.a.2_podscale.nc
check "a name of NetCDF" grep -q '_a.2_000_mean' <(ncdump -h names/.a.2_podscale.nc)

# An image that was finished of other LR images is done again.
refuse 75 "run again" 1 downscale images.nml --set output.product_file=how.nc --set training.time_limit=00:00:00
must 1 downscale images.nml --set output.product_file=how.nc --set images.degrade=bicubic
check "it says so" grep -q "images.degrade = 'bicubic', but 'block'" run.warnings
must 1 downscale images.nml --set output.product_file=fresh.nc --set images.degrade=bicubic
same_data out/how.nc out/fresh.nc

# A network: the same product on any number of ranks.
head=(--set sampling.uncertainty=head --set images.width=16 --set images.layers=1 --set images.batch_tokens=256)
head+=(--set images.tokens=20000 --set output.product_file=head.nc)
must 2 train images.nml "${head[@]}"
must 2 downscale images.nml "${head[@]}"
must 1 downscale images.nml "${head[@]}" --set output.product_file=head_one.nc
same_data out/head.nc out/head_one.nc
must 1 inspect out/model.h5
check "podscale-inspect shows a network of images" grep -q 'a network of images' run.log
refuse 65 "a model of images" 2 downscale "$here/tiny.nml" --set sampling.uncertainty=head \
  --set data.hr_files="$study/out/ocean_hr.nc" --set data.lr_files="$study/out/ocean_lr.nc" \
  --set output.basis_file="$study/out/basis.nc" --set output.model_file="$PWD/out/model.h5" \
  --set output.product_file=p.nc

must 1 inspect out/basis.nc
check "podscale-inspect shows it" grep -q 'a basis of images' run.log
refuse 65 "a basis of images" 2 downscale "$here/tiny.nml" --set sampling.uncertainty=base \
  --set data.hr_files="$study/out/ocean_hr.nc" --set data.lr_files="$study/out/ocean_lr.nc" \
  --set output.basis_file="$PWD/out/basis.nc" --set output.product_file=p.nc
refuse 65 "a basis of fields" 2 downscale images.nml --set output.basis_file="$study/out/basis.nc"
damage out/basis.nc damaged.nc
refuse 65 "damaged" 2 downscale images.nml --set output.basis_file="$PWD/damaged.nc"
refuse 64 "files of their own" 2 basis images.nml --set images.validate_files=train.nc --set output.basis_file=x.nc
# Neither by another path nor by a link.
ln -s train.nc link.nc
refuse 64 "files of their own" 2 basis images.nml --set images.validate_files=link.nc --set output.basis_file=x.nc
refuse 64 "files of their own" 1 train images.nml --set images.validate_files=./train.nc --set output.model_file=x.h5
refuse 64 "images.degrade = 'bicubic', but 'block'" 1 train images.nml --set images.degrade=bicubic \
  --set output.model_file=x.h5
refuse 64 "expected a file that may be written" 1 basis images.nml --set output.basis_file="$PWD/validate.nc"
refuse 64 "images.boxes has 2 sides; expected at most 8, ascending" 2 downscale images.nml --set images.boxes=4,2
refuse 64 "half a patch" 2 basis images.nml --set images.patch=2 --set output.basis_file=x.nc
refuse 64 "images.patch, factor, halo" 2 downscale images.nml --set images.halo=3
refuse 65 "smaller" 1 basis images.nml --set images.train_files=lone.nc --set images.patch=8 --set images.halo=1 --set output.basis_file=x.nc
refuse 66 "nothing.png" 1 downscale images.nml --image nothing.png
check "no basis of refused runs" test ! -e out/x.nc
no_temporaries out one pictures
finish
