#!/usr/bin/env bash
# Stopped and started again: the same bits as in one go, exit code 75 on every rank, no half-written product.
#   restart.sh BIN LAUNCHER SCRATCH CASE     CASE: train_1, train_2 (ranks), downscale or start_up
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "restart_$4"
cp -- "$study/tiny.nml" .
full="$study/out"
inputs=(--set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set "output.basis_file=$full/basis.nc")
# Long enough that a signal at its first checkpoint comes in time.
training=(--set training.steps=60 --set training.batch=16 --set training.checkpoint_every=5 --set training.validate_every=25)

# Every rank writes its exit code, and waits for those of the others: mpirun ends the rest when the first one returns 75.
# Signals reach both the shell around a rank and the rank.
#   each_rank.sh RANKS LIMIT PROGRAM ARGUMENTS...
cat >each_rank.sh <<'SH'
#!/usr/bin/env bash
trap : USR1 TERM
ranks="$1" limit="$2" rank="${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-${SLURM_PROCID:?no launcher says which rank this is}}}}"
"${@:3}" & child=$!
code=0
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
echo $code >"code.$rank"
for ((SECONDS = 0; SECONDS < limit;)); do
  codes=(code.*)
  ((${#codes[@]} == ranks)) && break
  sleep 0.02
done
exit $code
SH
chmod +x each_rank.sh
start() {  # start RANKS PROGRAM ARGUMENTS...: in the background; $job
  local ranks="$1" program="$bin/podscale-$2"
  shift 2
  rm -f code.*
  # shellcheck disable=SC2086
  env MPIEXEC_TIMEOUT="$limit" $launcher "$ranks" ./each_rank.sh "$ranks" "$limit" "$program" "$@" >job.log 2>job.err &
  job=$!
}
signal_at() {  # signal_at FILE: SIGUSR1 to the launcher, which passes it on, as soon as the file is there
  SECONDS=0
  until compgen -G "$1" >/dev/null || ((SECONDS > limit)) || ! kill -0 "$job" 2>/dev/null; do sleep 0.01; done
  kill -USR1 "$job" 2>/dev/null || failed "$1: it came too late, or never"
}
ended() {  # ended RANKS CODE: the job's code, on every rank
  local code=0 rank
  wait "$job" || code=$?
  ((code == $2)) || failed "the launcher ends with $code, expected $2"
  for ((rank = 0; rank < $1; ++rank)); do
    check "rank $rank ends with $2, not $(cat "code.$rank" 2>/dev/null)" test "$(cat "code.$rank" 2>/dev/null)" = "$2"
  done
  ((code == $2)) || tail -n 20 job.log job.err
}
step_of() {
  h5dump -a /step "$1" | sed -n 's/.*(0): \([0-9]*\).*/\1/p'
}

case "$4" in
  train_*)
    ranks="${4#train_}"
    must "$ranks" train tiny.nml "${inputs[@]}" "${training[@]}" --set output.directory=. --set output.model_file=whole.h5
    check "no checkpoint is there yet" test ! -e parts.h5
    run=("$ranks" train tiny.nml "${inputs[@]}" "${training[@]}" --set output.directory=. --set output.model_file=parts.h5)
    start "${run[@]}"
    signal_at parts.h5
    ended "$ranks" 75
    check "it says how to go on" grep -q "run again to go on" job.err
    first="$(step_of parts.h5)"
    check "stopped on the way: step $first" test "$first" -ge 5 -a "$first" -lt 60
    no_temporaries .

    # The time limit is over before the first step: again 75, and the checkpoint stays.
    before="$(listing parts.h5)"
    start "${run[@]}" --set training.time_limit=00:00:00
    ended "$ranks" 75
    check "it stays" test "$(listing parts.h5)" = "$before"
    # It is over on the way: the option is over the key.
    # On another number of ranks, which changes nothing.
    run[0]=$((3 - ranks))
    start "${run[@]}" --set training.time_limit=00:00:00 --time-limit 10:00:00
    until grep -q "going on from step" job.log || ! kill -0 "$job" 2>/dev/null; do sleep 0.02; done
    kill -USR1 "$job"
    ended "${run[0]}" 75
    run[0]="$ranks"
    check "the exit is logged with its time" grep -q "ends with exit code 75 [0-9.]* s after SIGUSR1" job.log
    first="$(step_of parts.h5)"

    start "${run[@]}"
    ended "$ranks" 0
    check "it went on from there" grep -q "going on from step $first" job.log
    for group in parameters average best first_moment second_moment history; do
      check "/$group is that of a training in one go" h5diff whole.h5 parts.h5 "/$group"
    done
    # All else too, attributes with it; the namelists name different files.
    check "the whole file" h5diff --exclude-path /namelist whole.h5 parts.h5
    no_temporaries .
    ;;
  downscale)
    run=(2 downscale tiny.nml "${inputs[@]}" --set "output.model_file=$full/model.h5" --set output.directory=.)
    slow=(--set sampling.steps=150 --set sampling.time_block=1 --set sampling.calibration=none)
    start "${run[@]}" "${slow[@]}"
    signal_at '.product.nc.*.tmp'
    ended 2 75
    check "one line says it" grep -q "stopped by SIGUSR1; nothing half-written was left: run again" job.err
    check "no product" test ! -e product.nc
    no_temporaries .

    # A product that is there stays until a new one is complete.
    cp "$full/product.nc" product.nc
    before="$(listing product.nc)"
    start "${run[@]}" "${slow[@]}"
    signal_at '.product.nc.*.tmp'
    ended 2 75
    check "the old product is untouched" test "$(listing product.nc)" = "$before"
    check "to the last byte" cmp "$full/product.nc" product.nc
    no_temporaries .

    start "${run[@]}"
    ended 2 0
    same_data product.nc "$full/product.nc"
    ;;
  start_up)
    # A signal while MPI starts, which is when its plugins are loaded.
    cat >early.sh <<'SH'
#!/usr/bin/env bash
(until grep -q '/mca_' /proc/$$/maps; do :; done; kill "-$1" $$) &
exec "${@:2}"
SH
    chmod +x early.sh
    early() {  # early SIGNAL RANKS PROGRAM: every rank gets the signal
      local code=0 start=()
      # shellcheck disable=SC2206
      (($2 == 0)) || start=($launcher "$2")
      timeout -k 5 $((60 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1})) "${start[@]}" ./early.sh "$1" "$bin/podscale-$3" tiny.nml "${inputs[@]}" \
        --set "output.model_file=$full/model.h5" --set "output.product_file=$PWD/p.nc" --set "ocean.hr_file=$PWD/hr.nc" --set "ocean.lr_file=$PWD/lr.nc" >job.log 2>job.err || code=$?
      if ((code != 75)) || [[ "$(grep -c 'run again' job.err)" != 1 ]]; then
        failed "podscale-$3 on $2 ranks with $1: exit $code, expected 75 and one line"
        cat job.err
      fi
    }
    for signal in TERM INT USR1; do early $signal 0 downscale; done
    for program in ocean basis verify; do early USR1 0 $program; done
    early TERM 2 basis
    early TERM 0 train
    early TERM 2 train
    early USR1 2 downscale
    check "no files" test ! -e p.nc -a ! -e hr.nc
    no_temporaries .
    ;;
esac
finish
