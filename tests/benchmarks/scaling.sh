#!/usr/bin/env bash
# What podscale-plan predicts beside what is measured: seconds of work and MiB of the busiest rank.
#   tests/benchmarks/scaling.sh BIN "PROGRAMS" "RANKS" NAMELIST [--set key=value ...]
# as  scaling.sh build/release/bin "basis train" "1 2 4" namelists/tasman.nml --set output.directory="'/tmp/t'"
# Work: processor seconds outside of MPI calls, so that a busy machine and ranks that share cores disturb
# it little; beside it what the plan calls start, compute and I/O. Needs an MPI compiler wrapper (mpicc).
# RATES=FILE: rates of podscale-plan --calibrate.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../jobscripts/mpi_environment.sh"
bin=$1 programs=$2 ranks=$3
shift 3
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PODSCALE_FORCE=1  # else a finished job is left alone
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
mpicc -O1 -shared -fPIC -o "$scratch/rank_clock.so" "$here/rank_clock.c"

predicted() {  # PROGRAM RANKS: "seconds MiB" from the table of the plan
  awk -v program="podscale-$1" -v ranks="$2" '
    function in_seconds(n, unit) { return n * (unit == "min" ? 60 : unit == "h" ? 3600 : 1) }
    $1 == program && NF == 1 { inside = 1 }
    inside && $1 == ranks && NF == 17 {
      print in_seconds($4, $5) + in_seconds($6, $7) + in_seconds($12, $13), $15 == "GiB" ? 1024 * $14 : $14
      exit }' "$scratch/plan.txt"
}
"$bin/podscale-plan" "$@" --ranks "$(tr ' ' '\n' <<< "$ranks" | sort -n | tail -n 1)" --quiet \
  ${RATES:+--rates "$RATES"} --nodes 1 --cores 100000 > "$scratch/plan.txt" 2> "$scratch/plan.err"

echo "| program | ranks | work, s: predicted | measured | ratio | MiB a rank: predicted | measured | ratio |"
echo "|---|---|---|---|---|---|---|---|"
for program in $programs; do
  fresh=()  # else a finished training is gone on from
  [[ $program != train ]] || fresh=(--set training.resume=.false.)
  for n in $ranks; do
    rm -f "$scratch"/clock.*
    RANK_CLOCK=$scratch/clock mpirun -x RANK_CLOCK -x LD_PRELOAD="$scratch/rank_clock.so" -n "$n" \
      "$bin/podscale-$program" "$@" "${fresh[@]}" > "$scratch/run.log" 2>&1 ||
      { tail -n 5 "$scratch/run.log" >&2; exit 1; }
    read -ra plan <<< "$(predicted "$program" "$n")"
    sort -n "$scratch"/clock.* | awk -v program="$program" -v n="$n" -v s="${plan[0]}" -v m="${plan[1]}" '
      { if ($1 > work) work = $1; if ($3 > mib) mib = $3 }
      END { printf "| %s | %d | %.1f | %.1f | %.2f | %.0f | %.0f | %.2f |\n", program, n, s, work, s / work, m, mib, m / mib }'
  done
done
