#!/usr/bin/env bash
# A quarter-degree globe for a year of days through all programs: seconds by the clock, processor seconds of
# all ranks, memory of the largest rank.
#   tests/benchmarks/daily_year.sh BIN [RANKS [FOLDER]]
# The network is trained for 200 steps on tiles and its head calibrated. 30 days are downscaled by the head,
# then by 8 members as they are drawn, and both products are verified. Needs GNU time and 6 GB in FOLDER.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../jobscripts/mpi_environment.sh"
bin=$(cd "$1" && pwd)
ranks=${2:-2}
folder=${3:-$(mktemp -d)}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PODSCALE_FORCE=1  # else a finished job is left alone
mkdir -p "$folder"
cd "$folder"
total=0

step() {  # NAME PROGRAM [OPTIONS]
  local name=$1 program=$2 found
  shift 2
  /usr/bin/time -o time.txt -f '%e %U %S %M' mpirun -n "$ranks" "$bin/podscale-$program" "$here/daily_year.nml" "$@" \
    > "${name// /_}.log" 2>&1 || { tail -n 20 "${name// /_}.log" >&2; exit 1; }
  read -ra found < time.txt
  total=$(awk -v a="$total" -v b="${found[0]}" 'BEGIN { print a + b }')
  awk -v name="$name" -v e="${found[0]}" -v u="${found[1]}" -v s="${found[2]}" -v m="${found[3]}" \
    'BEGIN { printf "| %s | %.0f | %.0f | %.0f |\n", name, e, u + s, m / 1024 }'
}

members=(--set sampling.uncertainty=ensemble --set sampling.calibration=none --set output.write_members=.true.
  --set output.product_file=members.nc)
echo "| what, $ranks ranks | s | processor s | MiB a rank |"
echo "|---|---|---|---|"
step "the ocean" ocean
step "basis" basis
step "training" train
step "head" downscale
step "verification of the head" verify
step "8 members" downscale "${members[@]}"
step "verification of the members" verify "${members[@]}" --set verify.scores_file=members_scores.nc \
  --set verify.text_file=members_scores.txt
awk -v total="$total" 'BEGIN { printf "all: %.0f min\n", total / 60 }'
