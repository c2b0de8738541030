#!/usr/bin/env bash
# The batch scripts under a real Slurm: jobs that are stopped in every program go on by themselves, to
# the same bits; one that is cancelled or loses a rank does not, and leaves nothing half-written.
#   slurm.sh BIN LAUNCHER SCRATCH
set -uo pipefail
root="$(cd -- "$(dirname -- "$0")/../.." && pwd)"
# shellcheck source=tests/drivers/common.sh
source "$root/tests/drivers/common.sh" "$1" "$2" "$3" slurm
# shellcheck source=tests/slurm/cluster.sh
source "$root/tests/slurm/cluster.sh"
trap stop_cluster EXIT
start_cluster >why.log || {
  echo "skipped: no Slurm here: $(cat why.log)"
  exit 77
}
start=$SECONDS wait_limit=$((100 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1}))
export PODSCALE_BIN="$bin" PODSCALE_ROOT="$root"
unset PODSCALE_RANKS SLURM_JOB_ID
options=(--ntasks=2 --cpus-per-task=1 --time=10 --chdir="$PWD")
stage="$root/jobscripts/slurm/stage.sbatch"

folder() {  # folder NAME [FILES OF THE STUDY]: a study of its own below it
  mkdir -p "$1/out"
  cp -- "$here/tiny.nml" "$1"
  local file
  for file in ocean_hr.nc ocean_lr.nc "${@:2}"; do ln -s "$study/out/$file" "$1/out/$file"; done
}
fact() {  # fact JOB NAME: of scontrol show job
  timeout 10 scontrol show job -o "$1" 2>/dev/null | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}
until_true() {  # until_true COMMAND...: within the limit
  local end=$((SECONDS + wait_limit))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}
is_over() { [[ "$(fact "$1" JobState)" == @(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL) ]]; }
ends() {  # ends JOB STATE EXIT_CODE RESTARTS LOG      RESTARTS: a pattern
  until_true is_over "$1" || failed "job $1 does not end: $(fact "$1" JobState), $(fact "$1" Reason)"
  local found
  found="$(fact "$1" JobState) $(fact "$1" ExitCode) $(fact "$1" Restarts)"
  [[ "$found" == "$2 $3 "$4 ]] || {
    failed "job $1: $found, expected $2 $3 $4"
    tail -n 30 "$5"
  }
}
ranks_at_work() {  # ranks_at_work JOB PROGRAM: pids of the ranks, once both would note a SIGUSR1
  local pid caught
  pids=()
  for pid in $(pgrep -x "${2:0:15}"); do
    caught="$(sed -n 's/^SigCgt:\t//p' "/proc/$pid/status" 2>/dev/null)"
    if [[ -n "$caught" ]] && (((16#$caught >> 9) & 1)) && grep -qsz "^SLURM_JOB_ID=$1\$" "/proc/$pid/environ"; then
      pids+=("$pid")
    fi
  done
  ((${#pids[@]} == 2))
}
begun_or_over() {  # Slurm is asked now and then: the jobs are shorter than its answers
  local _
  for _ in {1..50}; do
    ! ranks_at_work "$@" || return 0
    sleep 0.01
  done
  is_over "$1"
}
hold() {  # hold JOB PROGRAM LOG [LINE]: its ranks stand still, once the log has the line
  until_true begun_or_over "$1" "$2"
  [[ -z "${4:-}" ]] || until_true grep -qs -- "$4" "$3"
  if ((${#pids[@]} == 2)); then kill -STOP "${pids[@]}"; else failed "$2 of job $1 never began: $(tail -n 5 "$3" 2>&1)"; fi
}
told() { grep -qs "launch: SIG$2: passed on" "$1"; }
go_on() {  # go_on LOG SIGNAL: as soon as the job has passed the signal on
  ((${#pids[@]} == 2)) || return
  until_true told "$@" || failed "$1: no SIG$2 came"
  kill -CONT "${pids[@]}" 2>/dev/null
}

# 1. What the limit of Slurm itself does, while the rest goes on: the ranks stand until it strikes. These
#    are under mpirun.
folder limit basis.nc
limit="$(sbatch --parsable "${options[@]}" --time=2 --signal=B:USR1@80 --export=ALL,PODSCALE_LAUNCHER=mpirun --output=limit.log "$stage" podscale-ocean \
  limit/tiny.nml --set ocean.hr_file="$PWD/limit/hr.nc" --set ocean.lr_file="$PWD/limit/lr.nc")"
hold "$limit" podscale-ocean limit.log
go_on limit.log USR1 &

# 2. A study, each of its jobs stopped once, as Slurm does before the limit.
folder whole
(cd whole && "$root/jobscripts/slurm/study.sh" tiny.nml -- "${options[@]}" --chdir="$PWD" --output=%x.log) >jobs.log ||
  failed "study.sh: $(cat jobs.log)"
check "four jobs" test "$(wc -l <jobs.log)" = 4
while read -r id program; do
  log="whole/$program.log"
  # A training is stopped among its steps, the others wherever they are.
  hold "$id" "$program" "$log" "$([[ "$program" != podscale-train ]] || echo 'training on')"
  scancel --batch --signal=USR1 "$id"
  go_on "$log" USR1
  ends "$id" COMPLETED 0:0 1 "$log"
  check "$program says when it stopped" grep -q "$program: ends with exit code 75 [0-9.]* s after SIGUSR1" "$log"
  check "both runs are in one log" test "$(grep -c "$program .* on 2 ranks" "$log")" = 2
done <jobs.log
same_data whole/out/basis.nc "$study/out/basis.nc"
for group in parameters average best first_moment second_moment history; do
  check "/$group is that of a training in one go" h5diff whole/out/model.h5 "$study/out/model.h5" "/$group"
done
same_data whole/out/product.nc "$study/out/product.nc"
check "scores" test -s whole/out/scores.txt
no_temporaries whole

ends "$limit" COMPLETED 0:0 '[1-9]' limit.log
same_data limit/hr.nc "$study/out/ocean_hr.nc"

# 3. Cancelled: the checkpoint is there, the job does not come back, nor what waits for it.
folder cancelled basis.nc
export PODSCALE_LAUNCHER="srun --mpi=pmix"
first="$(sbatch --parsable "${options[@]}" --output=cancelled.log "$stage" podscale-train cancelled/tiny.nml \
  --set output.directory="$PWD/cancelled/out" --set "data.hr_files='$study/out/ocean_hr.nc'" \
  --set "data.lr_files='$study/out/ocean_lr.nc'" --set training.steps=100000 --set training.checkpoint_every=5)"
# 4. At the same time: a rank is killed, and all end; run again, the product is the same.
folder killed basis.nc model.h5
second="$(cd killed && sbatch --parsable "${options[@]}" --export=ALL,PODSCALE_STOP_SECONDS=5 --chdir="$PWD" --output=../killed.log "$stage" podscale-downscale tiny.nml)"
# 5. No run of a forecast yet: the code of the script is that of the job.
third="$(sbatch --parsable "${options[@]}" --output=forecast.log "$root/jobscripts/slurm/forecast.sbatch" 2000-11-02 "$study/tiny.nml")"
# 6. An array over years.
folder years basis.nc
fourth="$(cd years && sbatch --parsable "${options[@]}" --chdir="$PWD" --array=1 --output=../years.log \
  "$root/jobscripts/slurm/ensemble.sbatch" 1999 tiny.nml --set "sampling.uncertainty='base'" --set output.write_members=.false. \
  --set output.write_factors=.false. --set sampling.time_block=60)"
hold "$second" podscale-downscale killed.log
kill -KILL "${pids[0]:-}"
kill -CONT "${pids[1]:-}" 2>/dev/null
ends "$second" FAILED 137:0 0 killed.log
check "no product of a run that lost a rank" test ! -e killed/out/product.nc
scontrol requeue "$second"
until_true test -e cancelled/out/model.h5 || failed "no checkpoint: $(tail -n 3 cancelled.log)"
scancel "$first"
until_true is_over "$first"
check "cancelled" test "$(fact "$first" JobState)" = CANCELLED
check "it does not come back" test "$(fact "$first" Restarts)" = 0
check "it stopped by itself" grep -q "stopped at step .* with a checkpoint" cancelled.log
ends "$third" FAILED 66:0 0 forecast.log
ends "$fourth" COMPLETED 0:0 0 years.log
check "a product a year" test -s years/out/product_2000.nc
ends "$second" COMPLETED 0:0 1 killed.log
same_data killed/out/product.nc "$study/out/product.nc"
no_temporaries cancelled killed
echo "$((SECONDS - start)) s"
finish
