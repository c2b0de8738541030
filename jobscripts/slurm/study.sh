#!/usr/bin/env bash
# Submits a study to Slurm: podscale-basis, -train, -downscale and -verify, each a job that waits for
# the one before (afterok). Prints a line a job.
#   jobscripts/slurm/study.sh NAMELIST [--set group.key=value]... [-- OPTIONS OF SBATCH]
#   jobscripts/slurm/study.sh my.nml -- --account=ocean --ntasks=16 --time=02:00:00
# podscale-train is left out where sampling.uncertainty = 'base'. PODSCALE_STEPS="downscale verify"
# chooses others. A stage that fails takes those behind it out of the queue.
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source=jobscripts/steps.sh
source "$root/jobscripts/steps.sh"
export PODSCALE_ROOT="${PODSCALE_ROOT:-$root}"
fail() {
  printf 'study: error: %s\n' "${*:2}" >&2
  exit "$1"
}
[[ -n "${1:-}" && "$1" != -* ]] || fail 64 "expected a namelist, as in jobscripts/slurm/study.sh my.nml"
namelist="$1"
shift
[[ -f "$namelist" ]] || fail 66 "no such namelist: $namelist"
settings=() options=()
while (($#)); do
  if [[ "$1" == -- ]]; then
    options=("${@:2}")
    break
  fi
  settings+=("$1")
  shift
done
command -v sbatch >/dev/null || fail 66 "no sbatch here: is this a machine of the cluster?"
read_steps "${PODSCALE_BIN:-$root/build/release/bin}" "$namelist" "${settings[@]}" || fail 64 "$namelist cannot be read"
before=''
for step in "${steps[@]}"; do
  wait_for=()
  [[ -z "$before" ]] || wait_for=(--dependency="afterok:$before" --kill-on-invalid-dep=yes)
  id="$(sbatch --parsable --job-name="podscale-$step" "${options[@]}" "${wait_for[@]}" "$root/jobscripts/slurm/stage.sbatch" \
    "podscale-$step" "$namelist" "${settings[@]}")" || fail 74 "sbatch took no job for podscale-$step"
  before="${id%%;*}"
  echo "$before podscale-$step"
done
