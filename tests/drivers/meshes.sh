#!/usr/bin/env bash
# Studies on other meshes and of two variables, the base alone.
#   meshes.sh BIN LAUNCHER SCRATCH CASE     CASE: rotated, plane or channels
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "meshes_$4"
cp -- "$here/tiny.nml" .
own=(--set sampling.uncertainty=base --set output.write_members=.false.)

case "$4" in
  rotated)
    own+=(--set ocean.mesh=rotated --set grid.interpolation=bilinear)
    must 2 ocean tiny.nml "${own[@]}"
    for ranks in 1 2 4; do
      there=("${own[@]}" --set "output.directory=ranks$ranks")
      must $ranks basis tiny.nml "${there[@]}"
      must $ranks downscale tiny.nml "${there[@]}"
      must $ranks verify tiny.nml "${there[@]}" --set verify.picture_file=
      for file in basis.nc product.nc scores.nc; do same_data "ranks$ranks/$file" "ranks1/$file"; done
      check "scores at $ranks ranks" cmp "ranks$ranks/scores.txt" ranks1/scores.txt
    done
    check "the comparison sees a file's data" test "$(data_of ranks1/product.nc | wc -l)" -gt 1000
    check "no axes to interpolate along" test "$(grep -c bicubic ranks1/scores.txt)" = 0
    must 1 basis tiny.nml "${own[@]}" --set output.directory=default --set grid.interpolation=auto
    same_data default/basis.nc ranks1/basis.nc
    # The same ocean in another frame: scores near those on latitudes and longitudes.
    own[-3]=ocean.mesh=rectilinear
    must 2 ocean tiny.nml "${own[@]}"
    must 2 basis tiny.nml "${own[@]}"
    must 2 downscale tiny.nml "${own[@]}"
    must 2 verify tiny.nml "${own[@]}" --set verify.picture_file=
    # shellcheck disable=SC2016
    check "scores of both frames" /usr/bin/python3 -c '
import netCDF4
here, there = (netCDF4.Dataset(folder + "/scores.nc") for folder in ("out", "ranks1"))
for name in "rmse", "crps":
    ratio = float(there[name][0] / here[name][0])
    assert ratio != 1 and abs(ratio - 1) < 0.05, (name, ratio)'
    ;;
  plane)
    own+=(--set ocean.mesh=plane --set ocean.variable=so --set data.hr_variable=so --set data.lr_variable=so
      --set "regions.names='box'" --set "regions.boxes=30,33,-75,-70")
    must 2 ocean tiny.nml "${own[@]}"
    must 2 basis tiny.nml "${own[@]}"
    must 2 downscale tiny.nml "${own[@]}"
    must 2 verify tiny.nml "${own[@]}"
    check "a picture" test -s out/picture.png
    check "cdo reads it" cdo -s selname,so out/product.nc so.nc
    check "cdo knows the projection" grep -q lambert_azimuthal_equal_area <(cdo -s griddes out/product.nc)
    check "attributes and values" /usr/bin/python3 "$here/judge_plane.py" out/product.nc out/ocean_hr.nc
    ;;
  channels)
    own+=(--set ocean.second=tob --set "data.hr_variable=tos,tob" --set "data.lr_variable=tos,tob"
      --set "regions.names='up','down'" --set "regions.boxes=32,35,-73,-70,29,31,-76,-71")
    must 2 ocean tiny.nml "${own[@]}"
    # Few global modes: nine months tell no more apart.
    own+=(--set "regions.differences=tos,tob" --set base.rank=4)
    for ranks in 1 2 4; do
      there=("${own[@]}" --set "output.directory=ranks$ranks")
      must $ranks basis tiny.nml "${there[@]}"
      must $ranks downscale tiny.nml "${there[@]}"
      must $ranks verify tiny.nml "${there[@]}"
      for file in basis.nc product.nc scores_tos.nc scores_tob.nc; do same_data "ranks$ranks/$file" "ranks1/$file"; done
      check "scores at $ranks ranks" cmp "ranks$ranks/scores.txt" ranks1/scores.txt
    done
    # The factors of a variable in its own units: at single points they give the variance of the field.
    # shellcheck disable=SC2016
    check "area means of one point" /usr/bin/python3 -c '
import netCDF4
product, truth = netCDF4.Dataset("ranks1/product.nc"), netCDF4.Dataset("out/ocean_hr.nc")
times = [list(truth["time"][:]).index(t) for t in product["time"][:]]
for name in "tos", "tob":
    scores = netCDF4.Dataset(f"ranks1/scores_{name}.nc")
    assert scores["box_size"][0] == 1 and product[name].units == truth[name].units
    field, variance = (product[n][:].astype(float) for n in (name, name + "_variance"))
    error = field - truth[name][times].astype(float)
    assert error.count() == variance.count() > 10000, (error.count(), variance.count())
    found, expected = float(scores["area_mean_ratio"][0, 0]), (error**2).sum() / variance.sum()
    assert abs(found / expected - 1) < 1e-4, (name, found, expected)'
    for name in tos tob; do check "scores and picture of $name" test -s ranks4/scores_$name.nc -a -s ranks4/picture_$name.png; done
    # The difference has the mean of the two, and a standard deviation of its own: errors go together.
    # shellcheck disable=SC2016
    check "differences" /usr/bin/python3 -c '
import netCDF4, numpy
file = netCDF4.Dataset("ranks1/product.nc")
(a, da), (b, db), (d, dd) = ([file[f"{name}_region_{what}"][:] for what in ("mean", "std")] for name in ("tos", "tob", "tos_minus_tob"))
assert d.shape == (14, 2) and file["tos_minus_tob_region_mean"].units == "K"
assert abs(d - (a - b)).max() < 1e-10
apart = numpy.hypot(da, db)
assert (dd > abs(da - db)).all() and (dd < 0.95 * apart).all(), (dd / apart).round(3)'
    check "no picture of both" test ! -e ranks4/picture.png
    must 2 downscale tiny.nml "${there[@]}" --set output.product_file=bare.nc --set regions.differences=
    check "no differences" test "$(ncdump -h ranks4/bare.nc | grep -c _minus_)" = 0
    same_data ranks4/bare.nc ranks4/product.nc tos,tob,tos_region_std,tob_region_std
    refuse 64 "expected pairs" 2 downscale tiny.nml "${there[@]}" --set regions.differences=tos
    refuse 64 "no variable 'sst'" 2 downscale tiny.nml "${there[@]}" --set regions.differences=tos,sst
    ;;
esac
no_temporaries .
finish
