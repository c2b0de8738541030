#!/usr/bin/env bash
# Submits a study to PBS: each program a job that waits for the one before (afterok).
#   jobscripts/pbs/study.sh NAMELIST [OPTIONS OF QSUB]
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
if [[ ! -f "${1:-}" ]]; then
  echo "study: error: expected a namelist, as in jobscripts/pbs/study.sh my.nml" >&2
  exit 64
fi
before=''
read -r -a steps <<<"${PODSCALE_STEPS:-basis train downscale verify}"
for step in "${steps[@]}"; do
  wait_for=()
  [[ -z "$before" ]] || wait_for=(-W "depend=afterok:$before")
  before="$(qsub -N "podscale-$step" "${wait_for[@]}" "${@:2}" \
    -v "PODSCALE_ROOT=$root,PROGRAM=podscale-$step,NAMELIST=$1,LIMIT=${LIMIT:-00:55:00}" "$root/jobscripts/pbs/stage.pbs")"
  echo "$before podscale-$step"
done
