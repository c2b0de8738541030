#!/usr/bin/env bash
# Submits a study to PBS: each program a job that waits for the one before (afterok).
#   jobscripts/pbs/study.sh NAMELIST [OPTIONS OF QSUB]
# podscale-train is left out where sampling.uncertainty = 'base'. By environment: PODSCALE_STEPS
# ("basis train downscale verify"), LIMIT (00:55:00; a few minutes below the walltime) and PODSCALE_BIN.
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source=jobscripts/steps.sh
source "$root/jobscripts/steps.sh"
if [[ ! -f "${1:-}" ]]; then
  echo "study: error: expected a namelist, as in jobscripts/pbs/study.sh my.nml" >&2
  exit 64
fi
bin="$(realpath -m -- "${PODSCALE_BIN:-$root/build/release/bin}")"
read_steps "$bin" "$1"
before=''
for step in "${steps[@]}"; do
  wait_for=()
  [[ -z "$before" ]] || wait_for=(-W "depend=afterok:$before")
  before="$(qsub -N "podscale-$step" "${wait_for[@]}" "${@:2}" \
    -v "PODSCALE_ROOT=$root,PODSCALE_BIN=$bin,PROGRAM=podscale-$step,NAMELIST=$1,LIMIT=${LIMIT:-00:55:00}" "$root/jobscripts/pbs/stage.pbs")"
  echo "$before podscale-$step"
done
