#!/usr/bin/env bash
# The base, the head, members on demand and functionals, as the programs show them, on the shared study.
#   base.sh BIN LAUNCHER SCRATCH CASE
#   CASE: members, members_later, calibration, held_out, monthly, functionals, changed, watched or refusals
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
copy_product() {  # copy_product COPY: of the shared study, with its factors
  cp -- "$full/product.nc" "$1"
  cp -- "$full/product.factors.nc" "${1%.nc}.factors.nc"
}

case "$4" in
  members)
    # A finished model goes on only to calibrate its head, whose weights members had selected: scored again.
    must 2 train tiny.nml "${inputs[@]}" "${model[@]}"
    check "scored again" grep -qE "head.h5: kept step [0-9]+ by 'ensemble, 4 times .*; by 'head, 4 times .* it scores" run.log
    must 2 train tiny.nml "${inputs[@]}" "${model[@]}"
    check "once" test "$(grep -c "kept step" run.log)" = 0
    whole=(--set sampling.truncation_noise=.true.)
    for kind in base head; do
      settings=("${alone[@]}" "${whole[@]}")
      [[ $kind == base ]] || settings=("${model[@]}" "${whole[@]}")
      for ranks in 1 2 4; do
        must $ranks downscale tiny.nml "${inputs[@]}" "${settings[@]}" --set output.product_file=$kind$ranks.nc
      done
      same_data ${kind}2.nc ${kind}1.nc
      same_data ${kind}4.nc ${kind}1.nc
    done
    # A member's value depends on its date alone: another period and block, the same bits.
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${whole[@]}" --set output.product_file=later.nc \
      --set "data.downscale='2000-11-06','2000-11-14'" --set sampling.time_block=3
    check "members of a later start" /usr/bin/python3 -c '
import sys, netCDF4, numpy
later, all = (netCDF4.Dataset(name) for name in sys.argv[1:])
assert len(later["time"]) == 9
assert numpy.ma.allequal(later["tos_member"][:], all["tos_member"][5:])' later.nc base1.nc
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=apart.nc --set sampling.coherence=.false.
    check "other members" test "$(cmp -s apart.nc base1.nc; echo $?)" = 1
    # Without written members the picture has those that podscale-members would give.
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${whole[@]}" --set output.product_file=bare.nc --set output.write_members=.false.
    aloud 2 verify tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=bare.nc
    check "members of the picture" /usr/bin/python3 -c '
import netCDF4, numpy
scores, product = netCDF4.Dataset("scores.nc"), netCDF4.Dataset("base1.nc")
t = list(product["time"][:]).index(scores["picture_time"][...])
found, expected = scores["picture_member"][:], product["tos_member"][t, :2]
assert abs(found - expected).max() < 1e-5 and abs(expected[0] - expected[1]).max() > 0.1, abs(found - expected).max()'
    must 2 inspect base1.nc --box 30,33,-72,-69 --mean 7d --period 2000-11-02,2000-11-04 --season
    check "means over time" test "$(grep -c "^ *2000-11-" run.log)" = 4
    copy_product ensemble1.nc
    for kind in base head ensemble; do
      # The product says where basis and model are; the shared study's own paths are relative to it.
      at=(--basis "$full/basis.nc")
      [[ $kind == base ]] || at+=(--model "$([[ $kind == head ]] && echo "$PWD/head.h5" || echo "$full/model.h5")")
      for ranks in 1 2 4; do members_again $ranks ${kind}1.nc "${at[@]}"; done
      must 1 members ${kind}1.nc "${at[@]}" --n 2 --first 4 --output some.nc
      # shellcheck disable=SC2016
      check "members 4 and 5 of $kind" /usr/bin/python3 -c '
import sys, netCDF4, numpy
some, all = (netCDF4.Dataset(name) for name in sys.argv[1:])
assert list(some["realization"][:]) == [4, 5]
assert numpy.ma.allequal(some["tos_member"][:], all["tos_member"][:, 3:5])' some.nc ${kind}1.nc
    done
    ;;
  members_later)
    # Calibrated again since the product was made: no checksum changes, and the members are those of the product.
    copy_product ensemble.nc
    cp -- "$full/model.h5" again.h5
    cp -- "$full/basis.nc" "it's basis.nc"
    must 2 train tiny.nml "${inputs[@]}" --set output.model_file=again.h5 --set sampling.calibration_times=3
    check "another calibration" test "$(h5dump -d /calibration/ensemble again.h5 | tail -n +2)" \
      != "$(h5dump -d /calibration/ensemble "$full/model.h5" | tail -n +2)"
    members_again 2 ensemble.nc --basis "it's basis.nc" --model again.h5
    must 1 basis tiny.nml "${inputs[@]:0:4}" --set output.directory=later --set data.validate=2000-10-10,2000-10-20 \
      --set base.penalties=0.3 --set base.prior=interpolation
    must 1 basis tiny.nml "${inputs[@]:0:4}" --set output.directory=sooner --set base.penalties=0.3 --set base.prior=interpolation
    must 2 downscale tiny.nml "${inputs[@]:0:4}" "${alone[@]}" --set output.directory=sooner
    members_again 2 sooner/product.nc --basis later/basis.nc

    # One path given: the other one is where the product says, below its own folder.
    mkdir there
    cp -- "$full/model.h5" there/model.h5
    must 1 downscale tiny.nml "${inputs[@]:0:4}" --set "output.basis_file=$full/basis.nc" --set output.directory=there
    same_data there/product.nc ensemble.nc
    members_again 1 there/product.nc --basis "it's basis.nc"
    mv there/model.h5 elsewhere.h5
    members_again 1 there/product.nc --model elsewhere.h5
    ;;
  calibration)
    cp -- "$full/model.h5" model.h5
    own=("${inputs[@]}" --set output.model_file=model.h5)
    attribute() {  # attribute FILE NAME
      ncdump -h "$1" | sed -n "s/^\t*:$2 = \(.*\) ;$/\1/p"
    }
    # What the product says of its calibration, and that the defaults run: control variate, 8 steps, intervals.
    wide=(--set sampling.control_variate=.true. --set sampling.steps=8 --set sampling.calibration=conformal --set output.interval=0.9)
    must 2 train tiny.nml "${own[@]}" "${wide[@]}"
    must 2 downscale tiny.nml "${own[@]}" "${wide[@]}" --set output.product_file=wide.nc
    must 1 downscale tiny.nml "${own[@]}" "${wide[@]}" --set output.product_file=one.nc
    same_data wide.nc one.nc
    members_again 1 wide.nc
    check "the kind of calibration" test "$(attribute wide.nc podscale_calibration)" = '"conformal"'
    check "levels" test "$(attribute wide.nc podscale_calibration_levels)" = "0.5, 0.8, 0.9, 0.95"
    check "a note on a short period" grep -q "seasons are missing" <<<"$(attribute wide.nc podscale_calibration_note)"
    check "times" test "$(attribute wide.nc podscale_calibration_times)" = 21
    check "times held out" test "$(attribute wide.nc podscale_calibration_held_out_times)" = 10
    check "what gave what" grep -q "held out (10 times)" <<<"$(attribute wide.nc podscale_calibration_split)"
    # shellcheck disable=SC2016
    check "intervals and coverage" /usr/bin/python3 -c '
import netCDF4, numpy
file = netCDF4.Dataset("wide.nc")
levels, width = file.podscale_calibration_levels, file.podscale_calibration_conformal_half_width
assert (numpy.diff(width) > 0).all(), width
for side, sign in ("lower", -1), ("upper", 1):
    bound = file["tos"][:] + sign * width[2] * file["tos_std"][:]
    error = abs(file["tos_" + side][:] - bound).max()
    assert error < 2e-5, (side, error)
assert abs(width[2] - 1.6448536) > 1e-3, width  # not those of the Gaussian
before, after = file.podscale_calibration_coverage_before, file.podscale_calibration_coverage_after
assert (before > 0).all() and (after < 1).all() and (numpy.diff(before) > 0).all() and (numpy.diff(after) > 0).all()
assert abs(after - levels).mean() < abs(before - levels).mean() + 0.02, (before, after)
assert abs(file["tos"][:] - file["tos_member"][:].mean(axis=1)).max() > 1e-3  # the control variate'"'"'s part
inflation = file.podscale_calibration_inflation
modes = netCDF4.Dataset("wide.factors.nc").dimensions["mode"].size
assert inflation.shape == (3 + modes,) and inflation.dtype == float and (inflation > 0).all()'
    # A calibration is of use for what was calibrated only.
    refuse 65 "calibrated for '6 members, sampler angle, 8 steps, control variate'" 2 downscale tiny.nml "${own[@]}"
    refuse 65 "run podscale-train" 2 downscale tiny.nml "${own[@]}" "${wide[@]}" --set sampling.members=12
    refuse 65 "run podscale-train" 0 downscale tiny.nml "${own[@]}" "${wide[@]}" --set sampling.sampler=ddim
    must 2 downscale tiny.nml "${own[@]}" --set sampling.members=12 --set sampling.calibration=none --set output.product_file=none.nc
    check "no calibration" test "$(attribute none.nc podscale_calibration)" = '"none"'
    must 1 members none.nc --n 3 --output three.nc
    must 2 train tiny.nml "${own[@]}" --set sampling.members=12
    must 2 downscale tiny.nml "${own[@]}" --set sampling.members=12 --set output.product_file=twelve.nc
    # Nothing is kept of a calibration that is stopped.
    cp -- model.h5 before.h5
    code=0
    ranks_of 2 train tiny.nml "${own[@]}" --set training.time_limit=00:00:00 >run.log 2>run.err || code=$?
    check "a calibration ends with 75, not $code, at the time limit" test "$code" = 75
    check "it says so" grep -q "stopped by the time limit" run.err
    check "the model is as it was" h5diff before.h5 model.h5

    # Training that ruins the network: step 0 is kept, and the log says what that is.
    ruin=(--set training.resume=.false. --set training.rate=1.0 --set training.warmup=0 --set training.ema_decay=0)
    must 2 train tiny.nml "${own[@]}" "${ruin[@]}" --set output.model_file=ruined.h5
    check "step 0 won" grep -q "no step of the training beat step 0: the untrained network, which is the base, is what was saved" run.warnings
    check "nothing on the sampler" test "$(grep -c "sampling.sampler" run.warnings)" = 0
    usual+="|sampling\.sampler = 'ddim'"
    must 2 train tiny.nml "${own[@]}" "${ruin[@]}" --set output.model_file=ruined.h5 --set sampling.sampler=ddim
    check "with 'ddim' it is not the base" grep -q "beat step 0: the untrained network is what was saved" run.warnings
    check "one warning" test "$(grep -c "sampling.sampler = 'ddim'" run.warnings)" = 1
    must 2 downscale tiny.nml "${own[@]}" --set output.model_file=ruined.h5 --set sampling.sampler=ddim --set output.product_file=damped.nc
    check "one warning of the product" test "$(grep -c "sampling.sampler = 'ddim'" run.warnings)" = 1
    ;;
  held_out)
    # Other data in the last third of data.validate: nothing that is fitted or chosen changes, only what is measured.
    cp -- "$full/ocean_hr.nc" hr.nc
    chmod u+w hr.nc
    # shellcheck disable=SC2016
    /usr/bin/python3 -c '
import netCDF4
file = netCDF4.Dataset("hr.nc", "a")
dates = netCDF4.num2date(file["time"][:], file["time"].units, file["time"].calendar)
days = [t for t, date in enumerate(dates) if date.month == 10 and date.day >= 22]
file["tos"][days] += 1.5'
    for kind in as_is changed; do
      hr="$full/ocean_hr.nc"
      [[ $kind == as_is ]] || hr=hr.nc
      own=(--set "data.hr_files=$hr" --set "data.lr_files=$full/ocean_lr.nc" --set "output.directory=$kind" --set sampling.uncertainty=head)
      must 2 basis tiny.nml "${own[@]}"
      must 2 train tiny.nml "${own[@]}"
      must 2 downscale tiny.nml "${own[@]}"
    done
    aloud 1 train tiny.nml "${own[@]}" --set data.held_out=0.5 --check
    check "another share than that of the basis is told" grep -q "held out here may have chosen there" run.err
    same_data changed/product.nc as_is/product.nc
    same_data changed/basis.nc as_is/basis.nc
    check "weights and their score" h5diff -q as_is/model.h5 changed/model.h5 /best /best
    # shellcheck disable=SC2016
    check "what is fitted, and what is measured" /usr/bin/python3 -c '
import netCDF4, numpy
for name, prefix in ("basis.nc", "base_"), ("product.nc", "podscale_calibration_"):
    old, new = (netCDF4.Dataset(folder + "/" + name) for folder in ("as_is", "changed"))
    get = lambda file, key: numpy.asarray(file.getncattr(prefix + key))
    assert (get(old, "inflation") == get(new, "inflation")).all(), name
    assert (get(new, "coverage_after") < get(old, "coverage_after")).all(), name
    assert (get(new, "conformal_half_width") > get(old, "conformal_half_width")).all(), name
old, new = (netCDF4.Dataset(folder + "/basis.nc") for folder in ("as_is", "changed"))
for key in "base_checksum", "base_penalty", "base_interpolation", "base_season", "podscale_checksum":
    assert old.getncattr(key) == new.getncattr(key), key'
    ;;
  monthly)
    # HR stamped on the first of a month, LR on the first or on the 16th: the same fields.
    months=(--set verify.block_days=91 --set ocean.calendar=360_day --set ocean.step_days=30 --set ocean.first_date=1990-01-01 --set ocean.last_date=2000-12-30
      --set "data.train=1990-01-01,1996-12-30" --set "data.validate=1997-01-01,1999-12-30" --set "data.downscale=2000-01-01,2000-12-30")
    must 2 ocean tiny.nml "${months[@]}" --set output.directory=.
    cdo -s -shifttime,15days ocean_lr.nc ocean_lr_middle.nc
    /usr/bin/python3 "$here/add_time_bounds.py" ocean_lr_middle.nc -15 15  # means of whole months
    for lr in ocean_lr ocean_lr_middle; do
      months+=(--set data.hr_files=ocean_hr.nc --set "data.lr_files=$lr.nc" --set "output.directory=$lr" --set sampling.uncertainty=head)
      must 2 basis tiny.nml "${months[@]}"
      must 2 train tiny.nml "${months[@]}"
      must 2 downscale tiny.nml "${months[@]}" --set output.write_members=.false.
      must 2 verify tiny.nml "${months[@]}" --set verify.picture_file= --set verify.event=percentile
      # A product of one time cannot tell that it is monthly.
      must 1 downscale tiny.nml "${months[@]}" --set data.downscale=2000-03-01,2000-03-30 --set output.product_file=march.nc
      must 1 members "$lr/march.nc" --n 6 --output "$lr/members.nc"
      same_data "$lr/members.nc" "$lr/march.nc" time,realization,tos_member
      must 1 verify tiny.nml "${months[@]}" --set output.product_file=march.nc --set verify.picture_file= --set verify.text_file=march.txt
    done
    same_data ocean_lr_middle/product.nc ocean_lr/product.nc tos,tos_variance
    same_data ocean_lr_middle/members.nc ocean_lr_middle/march.nc time,time_bnds
    # shellcheck disable=SC2016
    check "bounds of the months" /usr/bin/python3 -c '
import netCDF4
# Bounds of the LR series, or the months that its stamps lie in.
for name, months in [(f"{lr}/{of}", n) for lr in ("ocean_lr", "ocean_lr_middle") for of, n in (("product", 12), ("members", 1))]:
    file = netCDF4.Dataset(f"{name}.nc")
    assert file["time"].bounds == "time_bnds"
    dates = netCDF4.num2date(file["time_bnds"][:], file["time"].units, file["time"].calendar)
    assert dates.shape == (months, 2) and all(date.day == 1 and date.hour == 0 for date in dates.flat)
    assert [date.month for date in dates[:, 0]] == (list(range(1, 13)) if months > 1 else [3])'
    same_rows() {  # same_rows TABLE SYSTEM...: lines of both studies
      local table="$1" row
      shift
      for row in "$@"; do
        check "a row of $row in $table" grep -q "^$row " "ocean_lr/$table"
        check "$row in $table" test "$(grep "^$row " "ocean_lr_middle/$table")" = "$(grep "^$row " "ocean_lr/$table")"
      done
    }
    same_rows scores.txt podscale bicubic_anomaly climatology persistence
    same_rows march.txt bicubic_anomaly climatology persistence  # the noise of its members is that of their hour
    ;;
  functionals)
    box="30,33,-72,-69"
    more=(--set "regions.names='box'" --set "regions.boxes=30,33,-72,-69" --set output.write_budget=.true. --set output.interval=0.9
      --set "regions.means='7d', 'all'")
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${more[@]}" --set output.product_file=base.nc \
      --set "output.attributes='title=Mine'"
    check "title of the factors" grep -qF ':title = "Mine: the factors of its covariance"' <(ncdump -h base.factors.nc)
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${more[@]}" --set output.product_file=one.nc
    same_data base.nc one.nc
    same_data base.means.nc one.means.nc
    must 1 inspect base.nc --box $box --mean 7d --period 2000-11-01,2000-11-14
    check "means over time are those of inspect" /usr/bin/python3 -c '
import netCDF4, numpy, re
rows = [line.split() for line in open("run.log") if re.match(" *2000-11-", line)]
with netCDF4.Dataset("base.means.nc") as d:
    for key, wanted in (("7d", rows[:2]), ("all", rows[2:])):
        mean, std = d[f"tos_region_mean_{key}"][:, 0], d[f"tos_region_std_{key}"][:, 0]
        assert numpy.allclose(mean, [float(r[-2]) for r in wanted], rtol=1e-6), (key, mean, wanted)
        assert numpy.allclose(std, [float(r[-1]) for r in wanted], rtol=1e-4), (key, std, wanted)
    assert list(d["count_7d"][:]) == [7, 7] and list(d["count_all"][:]) == [14]'
    refuse 64 "regions.means without regions.names" 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set regions.means=30d
    refuse 64 "expected a number of days as 30d, or month, season or all" 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" "${more[@]}" --set regions.means=week
    must 2 train tiny.nml "${inputs[@]}" "${model[@]}"
    must 2 downscale tiny.nml "${inputs[@]}" "${model[@]}" "${more[@]}" --set output.product_file=head.nc
    # A base so poor that 'auto' takes the members: they must say how errors persist, too.
    poor=(--set base.penalties=1e6 --set "output.basis_file='poor.nc'" --set "output.model_file='poor.h5'")
    aloud 2 basis tiny.nml "${inputs[@]}" "${poor[@]}"
    aloud 2 train tiny.nml "${inputs[@]}" "${poor[@]}" --set training.steps=100 --set training.rate=3e-3
    refuse 64 "sampling.coherence = .false." 1 downscale tiny.nml "${inputs[@]}" "${poor[@]}" "${more[@]}" \
      --set sampling.uncertainty=auto --set sampling.coherence=.false. --set output.product_file=poor_product.nc
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
  changed)
    # What other tools make of a product: never the covariance of another field, and cdo takes all of it.
    command -v cdo >/dev/null || { echo "skipped: no cdo here"; exit 77; }
    box=30,33,-72,-69
    must 2 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set "regions.names='box'" --set "regions.boxes=$box" --set output.write_members=.false. --set output.product_file=p.nc
    check "the command line" grep -qF -- "--set regions.boxes=$box --set output.write_members=.false." <(ncdump -h p.nc | grep ':history')
    must 1 inspect p.nc --box $box
    grep ' 2000-' run.log >whole.txt
    cdo -s remapbil,r72x36 p.nc grid.nc || failed "cdo remapbil of a product"
    cdo -s sellonlatbox,-73,-68,29,34 p.nc cut.nc
    cdo -s timmean p.nc mean.nc
    cdo -s -f nc4 timmean -seltimestep,3/5 p.nc middle.nc  # stamped as the fourth
    cdo -s mulc,2 p.nc twice.nc
    cdo -s invertlat p.nc down.nc
    cdo -s -f nc4 seltimestep,2/4 p.nc some.nc
    cdo -s -b F64 copy p.nc wide.nc
    for ranks in 1 2; do
      refuse 65 "its mesh is not that of its covariance factors in ./p.factors.nc" $ranks inspect ./cut.nc --box $box
      refuse 65 "its mesh is not" $ranks inspect grid.nc --box $box
      for file in mean middle; do refuse 65 "covariance factors" $ranks inspect $file.nc --box $box; done
      refuse 65 "it was changed since" $ranks inspect twice.nc --box $box
      refuse 65 "its mesh is not that of its covariance factors" $ranks members cut.nc --basis "$full/basis.nc"
      refuse 65 "covariance factors" $ranks members mean.nc --basis "$full/basis.nc"
    done
    for file in down wide; do
      check "$file" ranks_of 1 inspect $file.nc --box $box >run.log 2>run.err
      check "the same of $file.nc" cmp <(grep ' 2000-' run.log) whole.txt
    done
    check "some" ranks_of 1 inspect some.nc --box $box >run.log 2>run.err
    check "some times" cmp <(grep ' 2000-' run.log) <(sed -n 2,4p whole.txt)
    mkdir other
    cp cut.nc other
    refuse 66 "not beside it" 2 inspect other/cut.nc --box $box
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=q.nc
    cp q.factors.nc other/p.factors.nc
    cp p.nc other
    refuse 65 "factors of another run" 2 inspect other/p.nc --box $box

    # Compared, the product scores as it is, however it is stored: with these names in the table.
    /usr/bin/python3 "$here/store_otherwise.py" p.nc
    systems=(packed down kelvin nan missing west deviation)
    compare=()
    for system in "${systems[@]}"; do compare+=(--compare "$system=$system.nc"); done
    for ranks in 1 2 4; do
      check "compared on $ranks ranks" ranks_of $ranks verify tiny.nml "${inputs[@]}" --set verify.picture_file= --set output.product_file=p.nc \
        "${compare[@]}" >run.log 2>run.err
      check "no warning but of what was changed" test -z "$(grep -v 'has no checksum as its last line' run.err)"
      scores="$(sed -n 's/^podscale *//p' scores.txt | head -n 1)"
      for system in "${systems[@]}"; do
        check "$system.nc: $(grep "^$system " scores.txt | head -n 1), expected $scores" \
          /usr/bin/python3 "$here/near.py" 2e-3 "$scores" "$(sed -n "s/^$system *//p" scores.txt | head -n 1)"
      done
    done
    refuse 65 "units" 2 verify tiny.nml "${inputs[@]}" --set verify.picture_file= --set output.product_file=p.nc --compare unitless.nc
    must 1 verify tiny.nml "${inputs[@]}" --set verify.picture_file= --set output.product_file=p.nc
    scores="$(sed -n 's/^podscale *//p' scores.txt | head -n 1)"
    for system in packed down kelvin; do  # the product itself, too
      check "the product as $system" ranks_of 2 verify tiny.nml "${inputs[@]}" --set verify.picture_file= --set output.product_file=$system.nc \
        "${alone[@]}" >run.log 2>run.err
      check "$system.nc itself" /usr/bin/python3 "$here/near.py" 2e-3 "$scores" "$(sed -n 's/^podscale *//p' scores.txt | head -n 1)"
    done
    ;;
  watched)
    command -v cdo >/dev/null || { echo "skipped: no cdo here"; exit 77; }
    warned() {  # warned WORD RANKS PROGRAM ARGUMENTS...: ends with 0 after one warning that holds the word, --check too
      local word="$1" code
      shift
      for flag in --check --quiet; do
        code=0
        ranks_of "$@" "$flag" >run.log 2>run.err || code=$?
        if ((code != 0)) || [[ "$(grep -c "warning: .*$word" run.err)" != 1 ]]; then
          failed "ranks $1, podscale-$2 ${*:3} $flag: exit $code, expected one warning with '$word'"
          cat run.err
        fi
      done
    }
    own=("${inputs[@]:0:4}" --set output.directory=own)
    made=("${inputs[@]:0:6}" --set output.directory=own "${alone[@]}" --set output.write_members=.false.)
    for ranks in 1 2; do
      warned "data.validate = '2000-09-01', '2000-10-31' overlaps data.train" $ranks basis tiny.nml "${own[@]}" --set data.validate=2000-09-01,2000-10-31
      warned "data.downscale = '2000-09-20', '2000-10-04' overlaps the training period '2000-01-01', '2000-09-30'" $ranks \
        downscale tiny.nml "${made[@]}" --set data.downscale=2000-09-20,2000-10-04
      warned "data.downscale = '2000-12-20', '2001-02-04': .* covers 2000-01-01 to 2000-12-31 alone" $ranks \
        downscale tiny.nml "${made[@]}" --set data.downscale=2000-12-20,2001-02-04
      warned "goes 356 degrees eastward from -70 to -74" $ranks downscale tiny.nml "${made[@]}" --set "regions.names='a'" \
        --set "regions.boxes=30,33,-70,-74"
    done
    aloud 1 basis tiny.nml "${own[@]}" --set data.train=1999-01-01,2000-09-30 --check
    check "HR and LR" test "$(grep -c "warning: data.train = '1999-01-01', '2000-09-30': .* covers 2000-01-01 to 2000-12-31 alone" run.err)" = 2
    # Months, for a basis of days, and days for one of months.
    cdo -s -f nc4 monmean "$full/ocean_lr.nc" monthly_lr.nc
    warned "its steps are .* days long, but .* was made from steps of less than a month" 1 downscale tiny.nml "${made[@]}" --set data.lr_files=monthly_lr.nc \
      --set "data.downscale=2000-11-01,2000-12-31"
    # Keys whose values are in the basis.
    for key in patches.modes=4 patches.size=4,4 patches.overlap=0 basis.harmonics=0 base.halo=2 base.lags=-1,0 base.penalties=0.1 \
      data.train=2000-01-01,2000-08-31 grid.interpolation=bilinear; do
      for flag in --check --quiet; do refuse 64 "${key%%=*} = " 2 downscale tiny.nml "${made[@]}" --set $key $flag; done
    done
    must 1 downscale tiny.nml "${made[@]}" --set patches.modes=8 --set base.halo=1  # the values that it has
    # Another LR grid: the command that the line names makes a file that is taken.
    cdo -s -f nc4 remapbil,r180x90 -seldate,2000-11-01,2000-11-14 "$full/ocean_lr.nc" far.nc
    cdo -s -f nc4 sellonlatbox,-90,-50,20,50 far.nc other_grid.nc
    ln -s "$full" out  # as the basis names its files
    refuse 65 "cdo -remapbil,out/ocean_lr.nc -selname,tos other_grid.nc lr.nc" 2 downscale tiny.nml "${made[@]}" --set data.lr_files=other_grid.nc
    eval "$(sed -n "s/.*as by '\(.*\)', or.*/\1/p" run.err | sed 's/^cdo/cdo -s -f nc4 -setmisstonn/')" || failed "the command of the hint"
    aloud 1 downscale tiny.nml "${made[@]}" --set data.lr_files=lr.nc --set output.product_file=regridded.nc
    # A model of another width.
    refuse 65 "head.h5: trained with model.width = 32 (now 64); to go on" 2 train tiny.nml "${inputs[@]}" "${model[@]}" --set model.width=64 --set training.steps=60
    # A run says what it does in a few lines.
    must 2 basis tiny.nml "${own[@]}"
    check "lines of basis: $(wc -l <run.log)" test "$(wc -l <run.log)" -le 20
    must 2 basis tiny.nml "${own[@]}" --verbose
    check "all keys" grep -q "harmonics = 1" run.log
    check "their values are in the file" grep -q "harmonics = 1" <(ncdump -h own/basis.nc)
    check "history" grep -qF "podscale-basis tiny.nml --set data.hr_files=$full/ocean_hr.nc" <(ncdump -h own/basis.nc)
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
      refuse 65 "mesh of the product" $ranks inspect "$full/product.nc" --region moved.nc
      refuse 65 "name the one" $ranks inspect "$full/product.nc" --region both.nc
      refuse 66 "absent.nc" $ranks inspect "$full/product.nc" --region absent.nc
    done
    refuse 65 "write_factors" 2 members bare.nc --basis "$full/basis.nc"
    damage "$full/product.nc" damaged.nc
    damage "$full/model.h5" damaged.h5
    refuse 65 "damaged.nc: damaged" 2 members damaged.nc --basis "$full/basis.nc"
    refuse 65 "damaged.h5: damaged" 2 members "$full/product.nc" --basis "$full/basis.nc" --model damaged.h5
    refuse 65 "damaged.h5: damaged" 2 train tiny.nml "${inputs[@]}" --set "output.model_file=$PWD/damaged.h5"
    refuse 65 "no ocean point" 2 inspect "$full/product.nc" --point 70,0
    copy_product mine.nc
    ln -s mine.nc other_name.nc
    for output in mine.nc other_name.nc "$full/basis.nc" "$full/model.h5"; do
      refuse 64 "is an input" 2 members mine.nc --basis "$full/basis.nc" --model "$full/model.h5" --output "$output"
    done
    check "the product is whole" cmp -s "$full/product.nc" mine.nc
    refuse 66 "absent.nc" 0 members absent.nc
    refuse 66 "absent.nc" 2 members "$full/product.nc" --basis absent.nc
    # Another basis than that of the product, and of its model.
    must 1 basis tiny.nml "${inputs[@]:0:4}" --set output.directory=other --set basis.harmonics=0
    must 1 downscale tiny.nml "${inputs[@]}" "${alone[@]}" --set output.product_file=base.nc
    refuse 65 "podscale_basis_checksum" 2 members base.nc --basis other/basis.nc
    refuse 65 "other/basis.nc has " 2 members base.nc --basis other/basis.nc
    refuse 65 "trained on the basis" 2 members "$full/product.nc" --basis other/basis.nc --model "$full/model.h5"
    refuse 65 "other/basis.nc has " 2 downscale tiny.nml "${own[@]}" --set "output.basis_file=$PWD/other/basis.nc" \
      --set "output.model_file=$full/model.h5"
    other=("${inputs[@]:0:4}" --set "output.basis_file=$PWD/other/basis.nc" --set output.directory=. --set verify.picture_file=)
    for ranks in 0 1 2 4; do
      refuse 65 "other/basis.nc has " $ranks verify tiny.nml "${other[@]}" --set output.product_file=base.nc
    done
    sums="$(ncdump -h base.nc | sed -n 's/.*:podscale_basis_checksum = "\(.*\)" ;/\1/p') $(ncdump -h other/basis.nc |
      sed -n 's/.*:\(podscale\|base\)_checksum = "\(.*\)" ;/\2/p' | xargs)"
    check "three checksums" test "$(wc -w <<<"$sums")" = 3
    for sum in $sums; do
      check "the line names $sum" grep -q "error: .*base.nc: .*$sum" run.err
    done
    check "nothing is written" test ! -e scores.nc
    # Another product in the same table may be of any basis.
    other_key="other/basis.nc was made with 0: make the basis again"
    refuse 64 "$other_key" 2 downscale tiny.nml "${other[@]:0:6}" "${alone[@]}" --set output.product_file=other.nc
    must 1 downscale tiny.nml "${other[@]:0:6}" "${alone[@]}" --set basis.harmonics=0 --set output.directory=. --set output.product_file=other.nc
    must 2 verify tiny.nml "${inputs[@]}" --set verify.picture_file= --set output.product_file=base.nc --compare other.nc
    refuse 65 "base.nc: made with a basis" 2 verify tiny.nml "${other[@]}" --set output.product_file=base.nc --compare other.nc
    ;;
esac
no_temporaries .
finish
