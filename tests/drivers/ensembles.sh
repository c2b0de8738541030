#!/usr/bin/env bash
# Realizations of the low-resolution series, from an axis or from files, through the chain.
#   ensembles.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" ensembles
/usr/bin/python3 -c 'import netCDF4, numpy' 2>/dev/null || { echo "skipped: no netCDF4 for /usr/bin/python3; apt-get install python3-netcdf4"; exit 77; }
mkdir out
cp "$study"/out/ocean_?r.nc "$study/out/basis.nc" "$study/out/model.h5" out
/usr/bin/python3 "$here/make_ensemble.py" out/ocean_lr.nc ens 3

run() {  # run RANKS OUTPUT LR KEYS...: a product by the network's members
  must "$1" downscale "$here/tiny.nml" --set "output.product_file='$2.nc'" --set "data.lr_files='$3'" "${@:4}"
}
base=(--set "sampling.uncertainty='base'" --set output.spread=.true. --set sampling.members=2)

# 1. All realizations together are the single runs, bit for bit, at any number of ranks, and by any rule
# that tells them apart.
run 1 all ens.nc "${base[@]}"
run 2 all2 ens.nc "${base[@]}"
same_data out/all.nc out/all2.nc
run 2 files 'ens_?.nc' "${base[@]}"
same_data out/all.nc out/files.nc
run 1 listed 'ens_plain_?.nc' "${base[@]}" --set "data.lr_members='files'"
same_data out/all.nc out/listed.nc
for m in 1 2 3; do
  run 1 "one$m" "ens_$m.nc" "${base[@]}"
  run 1 "chosen$m" ens.nc "${base[@]}" --set "data.realizations=$m"
  same_data "out/one$m.nc" "out/chosen$m.nc"
done
check "the product and single runs" /usr/bin/python3 "$here/judge_ensemble.py" out all 3

# 2. The network's members of members, and those that podscale-members draws again.
run 2 net ens.nc --set output.spread=.true.
run 1 net3 ens_3.nc
check "members of members" /usr/bin/python3 - <<'PYTHON'
import netCDF4
both, one = (netCDF4.Dataset(f"out/{name}.nc") for name in ("net", "net3"))
assert both["tos_member"].dimensions == ("time", "realization", "member", "lat", "lon"), both["tos_member"].dimensions
assert one["tos_member"].dimensions == ("time", "member", "lat", "lon")
assert (both["tos_member"][:, 2].filled(-99) == one["tos_member"][:].filled(-99)).all()
assert (both["tos"][:, 2].filled(-99) == one["tos"][:].filled(-99)).all()
# Each realization has noise of its own.
noise = [both["tos_member"][:, r, 0] - both["tos"][:, r] for r in range(3)]
assert abs((noise[0] * noise[1]).mean() / (noise[0] ** 2).mean()) < 0.5
PYTHON
must 1 members out/net.nc --output out/drawn.nc --first 1 --n 6 --model out/model.h5 --basis out/basis.nc
same_data out/net.nc out/drawn.nc tos_member

# 3. Verified together; inspected; area means of each realization.
must 2 verify "$here/tiny.nml" --set "output.product_file='net.nc'" --set "data.lr_files='ens.nc'" --set "verify.picture_file=''"
check "the mixture is scored" grep -q '^realizations: CRPS' out/scores.txt
check "area means of the mixture" grep -q '^area means from the factors' out/scores.txt
must 1 inspect out/all.nc
check "inspect counts the realizations" grep -q '3 realizations (1 ... 3)' run.log
must 1 inspect out/all.nc --box 30,34,-76,-70
check "a row for each realization and time" test "$(grep -c 'realization [123]$' run.log)" = 42

# 4. Training needs one series.
# What is of one series refuses several, in the check, too.
for check in "" --check; do
  # shellcheck disable=SC2086
  refuse 64 "3 series, the second of realization 2" 2 downscale "$here/tiny.nml" --set "data.lr_files='ens.nc'" "${base[@]}" --set "sampling.calibration='running'" $check
done
# Another source may hold several: a product of all, with one climatology for them.
must 2 downscale "$here/tiny.nml" "${base[@]}" --set "data.apply_files='ens.nc'" --set "output.product_file='applied.nc'"
check "all realizations of an applied source" grep -q 'realization = 3 ;' <(ncdump -h out/applied.nc)
refuse 65 data.lr_realization 2 basis "$here/tiny.nml" --set "data.lr_files='ens.nc'" --set "output.basis_file='other.nc'"
refuse 65 "data.lr_members = 'files'" 1 downscale "$here/tiny.nml" --set "data.lr_files='ens_plain_?.nc'"
no_temporaries out
finish
