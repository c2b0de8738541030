#!/usr/bin/env bash
# The table of gaps in doc/skill.md: the base of namelists/tasman.nml from HR data of which 10, 30 and 60 % are hidden in
# the shapes of real clouds, scored against the full data.
#   jobscripts/gaps.sh        (after jobscripts/quickstart.sh, which builds)
# PODSCALE_RANKS (default 2): MPI ranks. PODSCALE_BIN (default build/release/bin). Products that are there already are used
# again; remove runs/gaps to start afresh.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
source jobscripts/mpi_environment.sh
ranks="${PODSCALE_RANKS:-2}"
bin="${PODSCALE_BIN:-build/release/bin}"
data=../shared/data
full="$data/oisst_tasman"
out="${1:-runs/gaps}"
mkdir -p "$out"

# run <name> <HR files> [settings]: basis, base alone, scores against the full data, one line of the table
run() {
  local name="$1" hr="$2" start=$SECONDS
  shift 2
  local own=(namelists/tasman.nml --set "data.hr_files=$hr" --set data.lr_source=files --set "data.lr_files=$out/lr.nc"
    --set data.lr_variable=sst --set "output.directory=$out/$name" --set sampling.uncertainty=base "$@")
  mkdir -p "$out/$name"
  if [[ ! -f "$out/$name/product.nc" ]]; then
    mpirun -n "$ranks" "$bin/podscale-basis" "${own[@]}" >"$out/$name/basis.log" 2>&1
    mpirun -n "$ranks" "$bin/podscale-downscale" "${own[@]}" >"$out/$name/downscale.log" 2>&1
  fi
  local seconds=$((SECONDS - start))
  mpirun -n "$ranks" "$bin/podscale-verify" "${own[@]}" --set "data.truth_files=$full/*.nc" --set verify.picture_file= --quiet \
    >"$out/$name/verify.log" 2>&1
  printf '%-20s %s   %d s\n' "$name" "$(sed -n 's/^podscale  *//p' "$out/$name/scores.txt" | head -n 1)" "$seconds"
}

for share in 0.1 0.3 0.6; do
  [[ -f "$out/hr_${share}_sst_day_2010-2011.nc" ]] || /usr/bin/python3 jobscripts/hide_in_clouds.py \
    "$data/alboran_cloudy/sst_day_2017-05.nc" $share 8 "$out" "$full"/*.nc
  for kind in climatology lr; do
    [[ -f "$out/${kind}_hr_${share}_sst_day_2010-2011.nc" ]] ||
      /usr/bin/python3 jobscripts/fill_gaps.py $kind "$out/lr.nc" "$out" "$out/hr_${share}"_*.nc
  done
done
echo "                     RMSE    MAE     bias    corr    CRPS   spread/skill  50 %  80 %  90 %  95 %   PSNR   SSIM"
run full "$full/*.nc"
for share in 0.1 0.3 0.6; do
  run "hidden_$share" "$out/hr_${share}_*.nc" --set data.least_values=0.2
  run "climatology_$share" "$out/climatology_hr_${share}_*.nc"
  run "lr_$share" "$out/lr_hr_${share}_*.nc"
done
