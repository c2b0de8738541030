#!/usr/bin/env bash
# Stopped and started again: the same bits as in one go, exit code 75 on every rank, no half-written product.
#   restart.sh BIN LAUNCHER SCRATCH CASE [STRIKE]     STRIKE: tests/support/strike.c; CASE: train_1, train_2 (ranks), downscale, start_up, blocks, stages or finished
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" "restart_$4"
cp -- "$study/tiny.nml" .
full="$study/out"
strike="${5:-}"
[[ -z "$strike" ]] || needs_library "$strike"
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
start_bare() {  # start_bare RANKS PROGRAM ARGUMENTS...: in the background, without the shells; $job
  local ranks="$1" program="$bin/podscale-$2"
  shift 2
  # shellcheck disable=SC2086
  $launcher "$ranks" "$program" "$@" >job.log 2>job.err &
  job=$!
}
killed() {  # of a run that start_bare began
  ! wait "$job" || failed "a killed run ends with 0"
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
    struck USR1 rename parts.h5 1 start "${run[@]}"
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
    struck USR1 rename parts.h5 1 start "${run[@]}" --set training.time_limit=00:00:00 --time-limit 10:00:00
    ended "${run[0]}" 75
    run[0]="$ranks"
    check "the exit is logged with its time" grep -q "ends with exit code 75 [0-9.]* s after SIGUSR1" job.log
    first="$(step_of parts.h5)"
    if ((ranks == 2)); then  # the last checkpoint is damaged: on from the one before
      first="$(step_of .parts.h5.previous)"
      damage parts.h5 damaged.h5
      mv damaged.h5 parts.h5
    fi

    start "${run[@]}"
    ended "$ranks" 0
    check "it went on from there" grep -q "going on from step $first" job.log
    ((ranks != 2)) || check "and says why" grep -q "parts.h5: damaged: the checkpoint before it takes its place" job.err
    check "the one before is gone at the end" test ! -e .parts.h5.previous
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
    struck USR1 create '.product.nc.*.tmp' 1 start "${run[@]}" "${slow[@]}"
    ended 2 75
    check "one line says it" grep -q "stopped by SIGUSR1; nothing half-written was left: run again" job.err
    check "no product" test ! -e product.nc
    no_temporaries .

    # A product that is there stays until a new one is complete.
    cp "$full/product.nc" product.nc
    before="$(listing product.nc)"
    struck USR1 create '.product.nc.*.tmp' 1 start "${run[@]}" "${slow[@]}"
    ended 2 75
    check "the old product is untouched" test "$(listing product.nc)" = "$before"
    check "to the last byte" cmp "$full/product.nc" product.nc
    no_temporaries .

    start "${run[@]}"
    ended 2 0
    same_data product.nc "$full/product.nc"
    ;;
  blocks)
    # Blocks of times are kept: after a signal, after kill -9, on another number of ranks; the bits of one go.
    unset PODSCALE_FORCE
    export PODSCALE_KEEP_SECONDS=0
    slow=(--set sampling.steps=40 --set sampling.time_block=1 --set sampling.calibration=none)
    run=(downscale tiny.nml "${inputs[@]}" "${slow[@]}" --set "output.model_file=$full/model.h5")
    must 2 "${run[@]}" --set output.directory=whole
    kept=parts/.product.nc.part
    run+=(--set output.directory=parts)
    units() { find "$kept" -name '*-*.0of*' | wc -l; }
    struck USR1 rename '00000002-*.1of2' 1 start 2 "${run[@]}"
    ended 2 75
    first="$(units)"
    check "blocks are there: $first" test "$first" -ge 3 -a "$first" -lt 14
    check "no product" test ! -e parts/product.nc
    no_temporaries parts

    struck KILL rename '*.0of1' 2 start_bare 1 "${run[@]}"
    killed
    check "it went on" grep -q "going on with $first of 14 blocks of times" job.log
    second="$(units)"
    check "more blocks are there: $second" test "$second" -gt "$first"

    # A damaged one is made anew.
    one="$(find "$kept" -name '00000001-*.1of2')"
    damage "$one" damaged
    mv damaged "$one"
    cp -r parts other
    aloud 2 "${run[@]}"
    check "one line says so" test "$(grep -c 'kept of blocks 2 to 2 is damaged: they are made anew' run.err)" = 1
    check "the others are taken: $second" grep -q "going on with $((second - 1)) of 14 blocks of times" run.log
    for file in product.nc product.factors.nc; do same_data parts/$file whole/$file; done
    check "nothing else is left: $(ls -A parts)" test "$(ls -A parts | wc -l)" = 2

    # Other values, or another basis: nothing of it is taken.
    must 2 "${run[@]}" --set output.directory=other --set sampling.seed=77
    check "it says why" grep -q "discarded: it was made with .*sampling\|discarded: it was made with '  seed = " run.log
    check "all is new" test "$(grep -c 'going on' run.log)" = 0
    must 2 "${run[@]}" --set output.directory=new --set sampling.seed=77
    same_data other/product.nc new/product.nc
    no_temporaries .
    ;;
  stages)
    unset PODSCALE_FORCE
    run=(basis tiny.nml --set "data.hr_files=$full/ocean_hr.nc" --set "data.lr_files=$full/ocean_lr.nc" --set grid.time_block=1)
    must 2 "${run[@]}" --set output.directory=whole
    run+=(--set output.directory=parts)
    struck KILL rename modes.nc 1 start_bare 2 "${run[@]}"
    killed
    check "no basis" test ! -e parts/basis.nc
    cp -r parts other
    damage parts/.basis.nc.part/modes.nc damaged.nc
    must 1 "${run[@]}"
    check "it went on" grep -q "going on with climatologies and modes of an earlier run" run.log
    same_data parts/basis.nc whole/basis.nc
    check "nothing else is left: $(ls -A parts)" test "$(ls -A parts)" = basis.nc
    cp -r other again
    must 2 "${run[@]}" --set output.directory=other --set patches.modes=7
    check "other values: discarded" grep -q "climatologies and modes of an earlier run are discarded" run.log
    mv damaged.nc again/.basis.nc.part/modes.nc
    aloud 2 "${run[@]}" --set output.directory=again
    check "a damaged file is no reason to stop" grep -q "climatologies and modes are made anew" run.err
    same_data again/basis.nc whole/basis.nc

    # HR with gaps: how they are filled is kept, too.
    /usr/bin/python3 "$here/hide_bands.py" "$full/ocean_hr.nc" hr.nc 280 2 >/dev/null
    run=(basis tiny.nml --set data.hr_files=hr.nc --set "data.lr_files=$full/ocean_lr.nc" --set data.least_values=0.3)
    aloud 2 "${run[@]}" --set output.directory=gappy
    check "gaps are fitted" grep -q 'HR with gaps: fitted to' run.log
    run+=(--set output.directory=gappy_parts)
    struck KILL rename modes.nc 1 start_bare 2 "${run[@]}"
    killed
    check "no basis" test ! -e gappy_parts/basis.nc
    aloud 1 "${run[@]}"
    check "it went on" grep -q "going on with climatologies and modes of an earlier run" run.log
    check "no gap is fitted again" test "$(grep -c 'HR with gaps: fitted to' run.log)" = 0
    same_data gappy_parts/basis.nc gappy/basis.nc
    no_temporaries .
    ;;
  finished)
    # A finished job is left alone, until something that it follows from changes.
    unset PODSCALE_FORCE
    cp "$full/ocean_hr.nc" "$full/ocean_lr.nc" "$full/model.h5" .
    run=(tiny.nml --set data.hr_files=ocean_hr.nc --set data.lr_files=ocean_lr.nc --set output.directory=out --set "output.model_file=$PWD/model.h5"
      --set regions.names=all --set "regions.boxes=-90,90,0,360" --set regions.means=all)
    works() {  # works WHAT FILE PROGRAM ARGUMENTS...: the file is made again
      local what="$1" file="$2" before
      before="$(listing "$2")"
      aloud 2 "${@:3}"
      check "$what: $file is made again" test "$(listing "$file")" != "$before"
    }
    rests() {  # rests WHAT PROGRAM ARGUMENTS...: nothing is done
      local before
      before="$(listing out)"
      must "${ranks:-2}" "${@:2}"
      check "$1: one line says so" grep -q "is finished: version, namelist" run.log
      check "$1: no file is touched" test "$(listing out)" = "$before"
    }
    aloud 2 basis "${run[@]}"
    rests "the same" basis "${run[@]}"
    rests "another period to downscale" basis "${run[@]}" --set "data.downscale=2000-12-01,2000-12-02"
    rests "another cache" basis "${run[@]}" --set grid.cache_mib=77
    ranks=1 rests "on one rank" basis "${run[@]}"
    works "other options of PETSc" out/basis.nc basis "${run[@]}" -- -eps_tol 1e-11
    works "without them" out/basis.nc basis "${run[@]}"
    # What a run that was killed at its very end has left goes.
    mkdir out/.basis.nc.part
    cp "$full/basis.nc" out/.basis.nc.part/modes.nc
    echo "podscale lock: of a run that was killed" >out/.basis.nc.lock
    must 2 basis "${run[@]}"
    check "nothing is left: $(ls -A out)" test "$(ls -A out)" = basis.nc
    works "forced" out/basis.nc basis "${run[@]}" --force
    works "other values" out/basis.nc basis "${run[@]}" --set patches.modes=7
    touch ocean_hr.nc
    works "another HR file" out/basis.nc basis "${run[@]}"
    own=("${run[@]}" --set sampling.uncertainty=base)
    aloud 2 downscale "${own[@]}"
    rests "the same" downscale "${own[@]}"
    mkdir out/.product.nc.part
    touch -d '2001-01-01' out/.product.nc.part/identity
    : >out/.product.nc.part/00000000-00000003.0of1
    must 2 downscale "${own[@]}"
    check "what a killed run left is gone" test ! -e out/.product.nc.part
    touch ocean_hr.nc model.h5  # which it does not read
    rests "other HR" downscale "${own[@]}"
    works "other values" out/product.nc downscale "${own[@]}" --set output.title=another
    aloud 2 downscale "${own[@]}"
    touch ocean_lr.nc
    works "another LR file" out/product.nc downscale "${own[@]}"
    works "forced" out/product.nc downscale "${own[@]}" --force
    damage out/product.factors.nc damaged.nc
    mv damaged.nc out/product.factors.nc
    works "damaged factors" out/product.factors.nc downscale "${own[@]}"
    rm out/product.means.nc
    before="$(listing out/product.nc)"
    must 2 downscale "${own[@]}"
    check "the means alone are made" test -s out/product.means.nc -a "$(listing out/product.nc)" = "$before"
    works "another basis" out/basis.nc basis "${run[@]}" --force
    works "another basis" out/product.nc downscale "${own[@]}"
    rests "at last" downscale "${own[@]}"
    check "--check checks" ranks_of 1 downscale "${own[@]}" --check >run.log
    check "and says what would be done" grep -q "times of" run.log
    ;;
  start_up)
    # A signal while MPI starts, which is when its plugins, or those of PMIx (Open MPI 5), are loaded.
    cat >early.sh <<'SH'
#!/usr/bin/env bash
(until grep -qs '/\(pmix_\)\?mca_' /proc/$$/maps; do [[ -e /proc/$$ ]] || exit; done; kill "-$1" $$) &
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
