#!/usr/bin/env bash
# "Other meshes, other variables" of doc/skill.md: three synthetic studies, none of them one variable on
# latitudes and longitudes.
#   jobscripts/meshes.sh rotated | plane | channels        (after jobscripts/quickstart.sh, which builds)
# PODSCALE_RANKS (default 2): MPI ranks. PODSCALE_SET: more "--set group.key=value" for all.
# Files that are there already are used again; remove runs/meshes/<name> to start afresh.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
source jobscripts/mpi_environment.sh
name="${1:?rotated, plane or channels}"
ranks="${PODSCALE_RANKS:-2}"
read -r -a settings <<<"${PODSCALE_SET:-}"
out="runs/meshes/$name"
bin=build/release/bin
namelist="namelists/$name.nml"
[[ -f "$namelist" && "$name" =~ ^(rotated|plane|channels)$ ]] || {
  echo "meshes: no such study: $name" >&2
  exit 64
}

# run <program> <directory> [settings]: quiet, with its time
run() {
  local program="$1" directory="$2" start=$SECONDS
  shift 2
  mpirun -n "$ranks" "$bin/podscale-$program" "$namelist" --set "output.directory=$directory" --quiet "$@" "${settings[@]}" >/dev/null
  echo "   $program $directory: $((SECONDS - start)) s"
}
# study <directory> [settings]: the base alone, its product and its scores, from the files there are
study() {
  local directory="$1"
  shift
  [[ -f "$directory/scores.txt" ]] && return 0
  run basis "$directory" "$@"
  run downscale "$directory" "$@" --set sampling.uncertainty=base
  run verify "$directory" "$@"
}
# scores <file>: the first table of each variable
scores() {
  echo "== $1"
  awk '/^system .*RMSE .*MAE/ { on = 1 } !NF { on = 0 } on' "$1"
}

case "$name" in
  rotated)
    for mesh in rotated rectilinear; do
      directory="$out"
      [[ $mesh == rotated ]] || directory="$out/rectilinear"
      inputs=(--set "data.hr_files=$directory/ocean_hr.nc" --set "data.lr_files=$directory/ocean_lr.nc")
      [[ -f "$directory/ocean_lr.nc" ]] || run ocean "$directory" --set "ocean.mesh=$mesh"
      study "$directory" "${inputs[@]}"
      if [[ ! -f "$directory/head.txt" ]]; then
        run train "$directory" "${inputs[@]}"
        head=(--set output.product_file=head.nc --set verify.text_file=head.txt --set verify.scores_file=head_scores.nc)
        run downscale "$directory" "${inputs[@]}" "${head[@]}"
        run verify "$directory" "${inputs[@]}" "${head[@]}" --set verify.picture_file=head.png
      fi
      scores "$directory/scores.txt"
      scores "$directory/head.txt"
    done
    ;;
  plane)
    [[ -f "$out/ocean_lr.nc" ]] || run ocean "$out"
    study "$out"
    scores "$out/scores.txt"
    ncdump -h "$out/product.nc" | grep -E "so:|projection|double (x|y)\(|x:|y:"
    ;;
  channels)
    [[ -f "$out/ocean_lr.nc" ]] || run ocean "$out"
    study "$out"
    for variable in tos tob; do
      study "$out/$variable" --set "data.hr_variable=$variable" --set "data.lr_variable=$variable" \
        --set data.plausible=-5,50 --set patches.modes=16 --set regions.differences=
    done
    for file in "$out"/scores.txt "$out"/t??/scores.txt; do scores "$file"; done
    /usr/bin/python3 jobscripts/difference_scores.py "$out/ocean_hr.nc" "$out/product.nc" "$out/tos/product.nc" "$out/tob/product.nc"
    ;;
esac
