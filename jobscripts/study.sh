#!/usr/bin/env bash
# A study on this machine: podscale-basis, -train, -downscale and -verify one after the other. A
# program that its time limit stops (exit code 75) is run again; Ctrl-C stops with a checkpoint, and
# the same call goes on from there.
#   jobscripts/study.sh NAMELIST [--set group.key=value]...
# By environment: PODSCALE_STEPS ("basis train downscale verify"), and what launch.sh takes.
set -euo pipefail
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source=jobscripts/signals.sh
source "$root/jobscripts/signals.sh"
# shellcheck source=jobscripts/steps.sh
source "$root/jobscripts/steps.sh"
if [[ ! -f "${1:-}" ]]; then
  echo "study: error: expected a namelist, as in jobscripts/study.sh my.nml" >&2
  exit 64
fi
read_steps "${PODSCALE_BIN:-$root/build/release/bin}" "$@"
for step in "${steps[@]}"; do
  code=75
  while ((code == 75)) && [[ -z "$stopped_by" ]]; do
    code=0
    pass_signals "$root/jobscripts/launch.sh" "podscale-$step" "$@" || code=$?
  done
  ((code == 0)) || exit "$code"
done
