#!/usr/bin/env bash
# The tables of doc/skill.md: runs all systems of a data set, and scores them together.
#   jobscripts/skill.sh tasman8 | tasman4 | pair | global        (after jobscripts/quickstart.sh, which builds)
#   jobscripts/skill.sh set5_x4 | set5_x2 | t1_x2 | t1_x4        the tables of doc/images.md, in runs/<name>
# PODSCALE_SKIP_NETWORK=1: images with the base alone.
# PODSCALE_RANKS (default 2): MPI ranks. PODSCALE_SKIP_PUBLISHED=1 leaves out the published recipe.
# Files that are there already are used again; remove runs/skill/<name> to start afresh.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
source jobscripts/mpi_environment.sh
name="${1:?tasman8, tasman4, pair, global, set5_x4, set5_x2, t1_x2 or t1_x4}"
ranks="${PODSCALE_RANKS:-2}"
out="runs/skill/$name"
bin=build/release/bin

case "$name" in
  tasman8) namelist=namelists/tasman.nml settings=() ;;
  tasman4) namelist=namelists/tasman.nml settings=(--set data.coarsen_factor=4 --set "base.lags=-7,0") ;;
  pair) namelist=namelists/pair.nml settings=() ;;
  global) namelist=namelists/global.nml settings=() ;;
  set5_x4 | set5_x2 | t1_x2 | t1_x4) namelist="namelists/$name.nml" settings=() out="runs/$name" ;;
  *) echo "skill: no such data set: $name" >&2; exit 64 ;;
esac

# run <program> <directory> [settings]: quiet, with its time
run() {
  local program="$1" directory="$2" start=$SECONDS
  shift 2
  mpirun -n "$ranks" "$bin/podscale-$program" "$namelist" "${settings[@]}" --set "output.directory=$directory" --quiet "$@"
  echo "   $program: $((SECONDS - start)) s"
}
# step <file> <words>: true where the file is still to be made
step() {
  [[ -f "$1" ]] && return 1
  echo "== $2"
}

# images <suffix> <words> [settings]: products of the test images, of the namelist and of BSD100, and their scores.
images() {
  local suffix="$1" words="$2" set test
  shift 2
  for set in test bsd100; do
    [[ "$set" == test || "$name" == set5_* ]] || continue
    test=()
    [[ "$set" == test ]] || test=(--set 'images.test_files=../shared/data/images/bsd_test50/*')
    test+=(--set "output.product_file=$set$suffix.nc" --set "output.image_directory=$set$suffix")
    test+=(--set "verify.text_file=$set$suffix.txt"
           --set "verify.scores_file=$set$suffix.scores.nc" --set "verify.picture_file=$set$suffix.png"
           --set "images.boxes=2,4,8")
    if step "$out/$set$suffix.nc" "$set: $words"; then run downscale "$out" "${test[@]}" "$@"; fi
    if step "$out/$set$suffix.txt" "$set: scores"; then run verify "$out" "${test[@]}" "$@" >/dev/null; fi
    head -n 5 "$out/$set$suffix.txt"
  done
}
if [[ "$name" == *_x[24] ]]; then
  base=(--set sampling.uncertainty=base)
  constant=(--set images.contrast_classes=1 --set output.basis_file=constant.nc "${base[@]}")
  if step "$out/constant.nc" "ridge with constant variance"; then run basis "$out" "${constant[@]}"; fi
  images _constant "ridge with constant variance" "${constant[@]}"
  if step "$out/basis.nc" "base"; then run basis "$out"; fi
  images _base "base alone" "${base[@]}"
  [[ -z "${PODSCALE_SKIP_NETWORK:-}" ]] || exit 0
  run train "$out"
  images "" "network" --set output.write_members=.true.
  exit 0
fi
ensemble=(--set sampling.uncertainty=ensemble --set output.model_file=ensemble.h5)
plain=(--set base.halo=1 --set base.lags=0 --set base.prior=climatology --set patches.overlap=0 --set base.season=0 --set base.inflation=level)
# base_only <name> <words> [settings]: another base, alone
base_only() {
  local product="$1" words="$2"
  shift 2
  step "$out/$product/$product.nc" "$words" || return 0
  run basis "$out/$product" "$@"
  run downscale "$out/$product" "$@" --set sampling.uncertainty=base --set "output.product_file=$product.nc"
}

if step "$out/basis.nc" "base"; then run basis "$out"; fi
if step "$out/base.nc" "base alone, no network"; then
  run downscale "$out" --set sampling.uncertainty=base --set output.product_file=base.nc
fi
base_only ridge "plain ridge: the same time, one cell around" "${plain[@]}"
base_only tiles "without overlap" --set patches.overlap=0
base_only no_season "without seasonal variance" --set base.season=0
if [[ "$name" == tasman8 ]]; then base_only past "no times to come" --set base.lags=-7,0; fi
if step "$out/head.nc" "Gaussian head"; then
  run train "$out"
  run downscale "$out" --set output.product_file=head.nc
fi
network=("${ensemble[@]}" --set training.head_weight=0 --set training.validation_times=48 --set sampling.calibration_times=48)
if step "$out/ensemble.h5" "diffusion: training"; then run train "$out" "${network[@]}" --set sampling.calibration=none; fi
for members in 24 100; do
  if step "$out/ensemble$members.nc" "diffusion, $members members"; then
    # Factors of 100 members are large; 24 members are written for the scores that need them.
    write=(--set output.write_members=.true.)
    ((members == 24)) || write=(--set output.write_factors=.false.)
    # A calibration is that of one number of members: this only calibrates, or ends a training that
    # was stopped.
    run train "$out" "${network[@]}" --set "sampling.members=$members"
    run downscale "$out" "${ensemble[@]}" --set "output.product_file=ensemble$members.nc" --set "sampling.members=$members" "${write[@]}"
  fi
done
if [[ "$name" == tasman* && -z "${PODSCALE_SKIP_PUBLISHED:-}" ]]; then
  if step "$out/published/published.nc" "the published recipe"; then
    recipe="$namelist"
    namelist=namelists/published.nml
    run basis "$out/published"
    run train "$out/published"
    run downscale "$out/published" --set output.product_file=published.nc --set output.write_factors=.false.
    namelist="$recipe"
  fi
fi
compare=()
for product in base=base.nc ridge=ridge/ridge.nc tiles=tiles/tiles.nc no_season=no_season/no_season.nc past=past/past.nc ensemble24=ensemble24.nc ensemble100=ensemble100.nc published=published/published.nc; do
  [[ ! -f "$out/${product#*=}" ]] || compare+=(--compare "${product%%=*}=$out/${product#*=}")
done
echo "== scores"
mpirun -n "$ranks" "$bin/podscale-verify" "$namelist" "${settings[@]}" --set "output.directory=$out" \
  --set output.product_file=head.nc --set verify.event=percentile "${compare[@]}"
