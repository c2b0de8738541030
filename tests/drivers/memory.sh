#!/usr/bin/env bash
# Memory a rank of a region that dominates it: at 4 ranks below 0.35 of that at 1 rank, less what a program
# has on a tiny region. Peaks are those that the programs log, of the largest rank.
#   memory.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" memory
if ! (ulimit -v 30000000 && "$bin/podscale-basis" --version >/dev/null 2>&1); then
  echo "skipped: podscale-basis does not start in 30 GB of address space (a sanitizer?), whose memory is not the program's"
  exit 77
fi
cp -r -- "$study/out" "$study/tiny.nml" .
chmod u+w out/*
cat >large.nml <<'NML'
&ocean
  ny = 192, nx = 384, lat0 = -48, lon0 = 0, resolution = 0.25, land_fraction = 0, islands = 0
  last_date = '2000-05-20', factor = 8, deflate = 0, turbulence_modes = 16, turbulence = 1.5, gradient = 0.2
/
&data
  hr_files = 'large/ocean_hr.nc', lr_files = 'large/ocean_lr.nc', hr_variable = 'tos', lr_variable = 'tos'
  train     = '2000-01-01', '2000-04-09'
  validate  = '2000-04-10', '2000-04-30'
  downscale = '2000-05-01', '2000-05-20'
/
&patches size = 8, 8, modes = 6, overlap = 2 /
&basis harmonics = 0 /
&base halo = 0, rank = 16 /
&sampling uncertainty = 'base', members = 6, time_block = 16, truncation_noise = .false. /
&output directory = 'large', write_members = .true., deflate = 0 /
NML
peak() {  # peak RANKS PROGRAM NAMELIST...: MiB, to $mib
  aloud "$@"
  mib="$(sed -nE 's/.*done in .*, peak memory ([0-9]+) MiB a rank.*/\1/p' run.log)"
  [[ -n "$mib" ]] || failed "podscale-$2 says no peak memory"
}
aloud 2 ocean large.nml
# Small tiles: what a sample of one takes is the same on any rank, and must not dominate.
network=(--set sampling.uncertainty=head --set model.width=16 --set model.depth=1 --set model.tile=4
  --set training.batch=4 --set training.steps=1
  --set training.validation_times=2 --set sampling.calibration_times=2 --set training.resume=.false.)
for program in basis train downscale verify; do
  if [[ $program == verify ]]; then  # podscale-ocean has stored 64 times a chunk, which whoever reads one holds
    nccopy -c time/1,lat/192,lon/384 large/ocean_hr.nc truth.nc
    mv truth.nc large/ocean_hr.nc
  fi
  options=(--set sampling.uncertainty=base --set "verify.picture_file=''")
  [[ $program != train ]] || options=("${network[@]}")
  for ranks in 1 4; do
    peak "$ranks" "$program" tiny.nml "${options[@]}" --set output.directory=tiny --set output.write_members=.false.
    start=$mib
    peak "$ranks" "$program" large.nml "${options[@]}"
    [[ $program != verify ]] || cp large/scores.txt "scores$ranks.txt"
    echo "podscale-$program, $ranks ranks: $mib MiB, $start of them on a tiny region"
    ((mib - start > 100 / ranks)) || failed "podscale-$program on $ranks ranks: the region does not dominate"
    if ((ranks == 1)); then alone=$((mib - start)); else each=$((mib - start)); fi
  done
  echo "podscale-$program: $((100 * each / alone)) % at 4 ranks"
  ((100 * each < 35 * alone)) || failed "podscale-$program: $each MiB a rank at 4 ranks, $alone at 1: expected below 0.35 of it"
done
# Boxes and windows that reach over rows of other ranks, which hold no more than they need.
check "the scores are the same at 1 and 4 ranks" cmp scores1.txt scores4.txt
finish
