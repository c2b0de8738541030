#!/usr/bin/env bash
# Runs a program of podscale on the ranks of an allocation (Slurm, PBS), or of this machine.
#   jobscripts/launch.sh PROGRAM ARGUMENTS...            as in  launch.sh podscale-train my.nml
#
# SIGINT (Ctrl-C), SIGTERM and SIGUSR1 reach the ranks as SIGUSR1, which srun and mpirun pass on: the
# program saves its state and ends with 75. mpirun alone would kill the ranks a second or two after
# Ctrl-C, and end with 1. A second Ctrl-C kills.
#
# By environment:
#   PODSCALE_BIN       folder of the programs                                   (build/release/bin)
#   PODSCALE_RANKS     MPI ranks    (those of the allocation; outside of one the cores, at most 8)
#   PODSCALE_THREADS   threads a rank, where Slurm gives no --cpus-per-task                       (1)
#   PODSCALE_LAUNCHER  "srun --mpi=pmix", "mpirun", ...; by default srun in a Slurm allocation, where
#                      MPI starts under it, and mpirun elsewhere
#   PODSCALE_SCRATCH   node-local folder for temporary files of MPI and Python; removed at the end
#
# Exit code: that of the program.
set -uo pipefail

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
say() { printf '%s launch: %s\n' "$(date -u +%H:%M:%S)" "$*"; }
fail() {  # fail CODE WORDS
  printf 'launch: error: %s\n' "${*:2}" >&2
  exit "$1"
}
(($# > 0)) || fail 64 "expected a program and its arguments, as in launch.sh podscale-train my.nml"
program="${PODSCALE_BIN:-$root/build/release/bin}/$1"
[[ -x "$program" ]] || fail 66 "no $1 in ${program%/*}: build it, or set PODSCALE_BIN"
shift

# A signal that comes from here on is passed on, at the latest when the program has started.
child='' asked=''
# shellcheck disable=SC2317  # reached by traps
stop() {
  if [[ -n "$asked" && "$1" == INT && -n "$child" ]]; then
    kill -KILL -- "-$child" 2>/dev/null
    return
  fi
  asked="$1"
  [[ -z "$child" ]] || say "SIG$1: passed on as SIGUSR1"
}
trap 'stop INT' INT
trap 'stop TERM' TERM
trap 'stop USR1' USR1

# 1. Ranks and threads. Ranks of one core each by default; --cpus-per-task gives a rank threads.
threads="${SLURM_CPUS_PER_TASK:-${PODSCALE_THREADS:-1}}"
if [[ -n "${PODSCALE_RANKS:-}" ]]; then
  ranks="$PODSCALE_RANKS"
elif [[ -n "${SLURM_NTASKS:-}" ]]; then
  ranks="$SLURM_NTASKS"
elif [[ -f "${PBS_NODEFILE:-}" ]]; then
  ranks="$(wc -l <"$PBS_NODEFILE")"
else
  ranks="$(($(nproc) > 8 ? 8 : $(nproc)))"
fi
export OMP_NUM_THREADS="$threads" OPENBLAS_NUM_THREADS=1
export SRUN_CPUS_PER_TASK="$threads" # newer ones do not take it from the allocation
settings=()
if ((threads > 1)); then
  case "${program##*/}" in podscale-train | podscale-downscale) settings=(--set "training.threads=$threads") ;; esac
fi

# 2. Temporary files.
scratch=''
if [[ -n "${PODSCALE_SCRATCH:-}" ]]; then
  scratch="$(mktemp -d "$PODSCALE_SCRATCH/podscale-${SLURM_JOB_ID:-$$}-XXXXXX")" ||
    fail 74 "PODSCALE_SCRATCH = $PODSCALE_SCRATCH: no folder can be made there"
  export TMPDIR="$scratch" OMPI_MCA_orte_tmpdir_base="$scratch" MPLCONFIGDIR="$scratch"
  trap 'rm -rf -- "$scratch"' EXIT
fi

# 3. The launcher: srun where MPI finds its ranks under it.
starts() { # starts LAUNCHER...: whether two ranks, or one, know of each other
  local n=$((ranks > 1 ? 2 : 1)) empty out
  empty="$(mktemp)" || return 1
  out="$("$@" -n "$n" "${program%/*}/podscale-ocean" "$empty" --check 2>/dev/null)"
  rm -f -- "$empty"
  [[ "$out" == *" on $n rank"* ]]
}
launcher=()
if [[ -n "${PODSCALE_LAUNCHER:-}" ]]; then
  read -r -a launcher <<<"$PODSCALE_LAUNCHER"
elif [[ -n "${SLURM_JOB_ID:-}" ]] && command -v srun >/dev/null; then
  offered="$(srun --mpi=list 2>&1)"
  for kind in pmix pmi2; do
    if grep -qw -- "$kind" <<<"$offered" && starts srun "--mpi=$kind" -K; then
      launcher=(srun "--mpi=$kind")
      break
    fi
  done
  ((${#launcher[@]})) || say "MPI does not start under srun: mpirun it is"
fi
((${#launcher[@]})) || launcher=(mpirun)
if [[ "${launcher[0]##*/}" == srun ]]; then
  launcher+=(-K) # a rank that dies takes the others with it
else
  # shellcheck source=/dev/null
  source "$root/jobscripts/mpi_environment.sh"
fi

# mpirun of Open MPI 4.1 waits for a lock of its own for ever where a rank dies while it joins PMIx.
# Ranks of other machines are no children of it.
hosts=1
if [[ -f "${PBS_NODEFILE:-}" ]]; then hosts="$(sort -u "$PBS_NODEFILE" | wc -l)"; fi
all_here=''
if ((${SLURM_JOB_NUM_NODES:-1} == 1 && hosts == 1)) && [[ "${launcher[*]}" != *host* ]]; then all_here=1; fi
had_ranks='' empty=''
# Whether mpirun had ranks, and none has lived for 10 s.
hollow() {
  local pids pid state
  [[ -n "$all_here" ]] || return 1
  read -r -d '' -a pids < <(cat /proc/"$child"/task/*/children 2>/dev/null)
  for pid in "${pids[@]}"; do
    state="$(cat "/proc/$pid/stat" 2>/dev/null)" state="${state##*) }"
    [[ -z "$state" || "$state" == Z* ]] || { had_ranks=1 empty=''; return 1; }
  done
  [[ -n "$had_ranks" ]] || return 1
  empty="${empty:-$SECONDS}"
  ((SECONDS - empty >= 10))
}

# 4. The program, in a process group of its own: the terminal's Ctrl-C is for this script alone.
say "${launcher[*]} -n $ranks ${program##*/}, $threads thread$( ((threads == 1)) || printf s) each"
[[ -z "$asked" ]] || { say "SIG$asked came before the start: run again"; exit 75; }
set -m
"${launcher[@]}" -n "$ranks" "$program" "${settings[@]}" "$@" </dev/null &
child=$!
set +m
status=0 since='' overdue='' grace="${PODSCALE_STOP_SECONDS:-20}"
[[ "$grace" =~ ^[1-9][0-9]{0,8}$ ]] || grace=20 # as the programs take it
while kill -0 "$child" 2>/dev/null; do
  # A signal that comes between two lines of this script interrupts no wait: it is looked for once a second.
  if [[ -z "$asked" ]]; then
    sleep 1 &
    wait -n "$child" "$!"
    if hollow; then
      say "${launcher[*]} does not end, though all ranks have: it is killed"
      kill -KILL -- "-$child" 2>/dev/null
    fi
    continue
  fi
  # mpirun loses a signal that comes before its ranks are there: it is told until it ends. Where it
  # hangs itself, the ranks have ended after their grace time.
  since="${since:-$SECONDS}"
  while [[ -n "$asked" && -z "$overdue" ]] && kill -USR1 "$child" 2>/dev/null; do
    sleep 0.5
    ((SECONDS - since <= grace + 15)) || overdue=1
  done
  if [[ -n "$overdue" ]]; then
    say "${launcher[*]} does not end $((SECONDS - since)) s after SIG$asked: it is killed"
    kill -KILL -- "-$child" 2>/dev/null
  fi
done
wait "$child"
status=$?
# A rank that was still being loaded dies of the signal: nothing was begun.
if [[ -n "$asked" ]] && ((status == 128 + 10 || status == 128 + 15)); then status=75; fi
[[ -z "$overdue" ]] || status=75 # files are complete or absent
exit "$status"
