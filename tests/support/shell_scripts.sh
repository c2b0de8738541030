#!/usr/bin/env bash
# No script has what shellcheck warns of. Skipped where it is not installed.
#   shell_scripts.sh SOURCE
set -euo pipefail
cd -- "$1"
command -v shellcheck >/dev/null || {
  echo "skipped: no shellcheck: apt-get install shellcheck"
  exit 77
}
mapfile -t scripts < <(find jobscripts tests \( -name '*.sh' -o -name '*.sbatch' -o -name '*.pbs' \) | sort)
printf '%s\n' "${scripts[@]}" | xargs -n 8 -P "$(nproc)" shellcheck -x -P SCRIPTDIR -S warning
echo "${#scripts[@]} scripts are clean"
