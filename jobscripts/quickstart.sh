#!/usr/bin/env bash
# From a fresh clone to scores and a picture: sets up, builds, and runs the chain of a study.
#   jobscripts/quickstart.sh            the synthetic ocean of namelists/ocean.nml
#   jobscripts/quickstart.sh forecast   forecasts of it: namelists/forecast.nml
#   jobscripts/quickstart.sh FILE.nml   your own files
# PODSCALE_RANKS (default 2): MPI ranks. PODSCALE_SET: more "--set group.key=value" for all.
set -euo pipefail
namelist="${1:-}"
forecast=()  # what is downscaled and verified in place of the series that trains
[[ -z "$namelist" || "$namelist" == forecast ]] || namelist="$(realpath -- "$namelist")"
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
ranks="${PODSCALE_RANKS:-2}"
read -r -a settings <<<"${PODSCALE_SET:-}"

steps=(basis train downscale verify)
if [[ -z "$namelist" ]]; then
  namelist=namelists/ocean.nml
  steps=(ocean "${steps[@]}")
elif [[ "$namelist" == forecast ]]; then
  namelist=namelists/forecast.nml
  steps=(ocean "${steps[@]}")
  forecast=(--set "data.lr_files='runs/forecast/forecast_*.nc'")
elif [[ ! -f "$namelist" ]]; then
  echo "quickstart: no such namelist: $namelist" >&2
  exit 66
fi

jobscripts/setup.sh
source jobscripts/mpi_environment.sh
build_start=$SECONDS
cmake --preset release
cmake --build --preset release
timings=("$(printf '%-10s %4d s' build $((SECONDS - build_start)))")

# Keys and paths, as the programs see them.
asked() {
  build/release/bin/podscale-verify "$namelist" "${settings[@]}" "$@"
}
path_of() {
  asked --print-path "$1"
}
job_start=$SECONDS
for step in "${steps[@]}"; do
  # The base alone needs no network.
  [[ "$step" != train || "$(asked --print-value sampling.uncertainty)" != "'base'" ]] || continue
  echo
  echo "== podscale-$step $namelist, $ranks ranks"
  step_start=$SECONDS
  applied=()
  [[ "$step" != downscale && "$step" != verify ]] || applied=("${forecast[@]}")
  mpirun -n "$ranks" "build/release/bin/podscale-$step" "$namelist" "${settings[@]}" "${applied[@]}"
  timings+=("$(printf '%-10s %4d s' "$step" $((SECONDS - step_start)))")
done
timings+=("$(printf '%-10s %4d s' 'main job' $((SECONDS - job_start)))")

echo
echo "== Times"
printf '%s\n' "${timings[@]}"
echo
echo "== Scores"
cat -- "$(path_of verify.text_file)"
echo
echo "product: $(path_of output.product_file)"
echo "scores:  $(path_of verify.text_file)"
picture="$(path_of verify.picture_file)"
[[ ! -f "$picture" ]] || echo "picture: $picture"
