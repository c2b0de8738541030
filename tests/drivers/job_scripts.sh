#!/usr/bin/env bash
# jobscripts/launch.sh and signals.sh with a program and a launcher that only listen: a signal to the
# script reaches the program as SIGUSR1, and the exit code is that of the program. No MPI.
#   job_scripts.sh SCRATCH
set -uo pipefail
root="$(cd -- "$(dirname -- "$0")/../.." && pwd)"
rm -rf -- "$1"
mkdir -p -- "$1/bin" "$1/scratch"
cd -- "$1" || exit 1
failures=0
failed() {
  printf 'FAILED: %s\n' "$*"
  failures=$((failures + 1))
}
cat >bin/podscale-verify <<'SH'
#!/usr/bin/env bash
# podscale-verify FILE [deaf|stuck|CODE]     what it hears goes to FILE
for signal in INT TERM USR1; do trap "echo $signal >>'$1'; exit 75" "$signal"; done
[[ "${2:-}" != deaf ]] || trap - USR1
[[ "${2:-}" != stuck ]] || trap "" USR1
echo begun >"$1"
[[ "${2:-}" != [0-9]* ]] || exit "$2"
for ((i = 0; i < 600; ++i)); do sleep 0.05; done
SH
printf '#!/bin/sh\nshift 2\nexec "$@"\n' >run # without -n RANKS
chmod +x bin/* run
export PODSCALE_BIN="$PWD/bin" PODSCALE_LAUNCHER="$PWD/run" PODSCALE_RANKS=2 PODSCALE_SCRATCH="$PWD/scratch"
set -m # else SIGINT is ignored by what runs in the background
stopped() {  # stopped SIGNAL WORDS CODE [deaf|stuck]: launch.sh gets the signal once the program has begun
  local code=0
  rm -f heard
  "$root/jobscripts/launch.sh" podscale-verify heard "${4:-}" >job.log 2>&1 &
  local job=$!
  until [[ -s heard ]] || ! kill -0 "$job" 2>/dev/null; do sleep 0.02; done
  kill "-$1" "$job"
  wait "$job" || code=$?
  if ((code != $3)) || [[ "$(tr '\n' ' ' <heard)" != "$2 " ]] || ! grep -q "SIG$1: passed on as SIGUSR1" job.log; then
    failed "SIG$1 to launch.sh, ${4:-}: exit $code, expected $3; the program heard: $(tr '\n' ' ' <heard)"
    cat job.log
  fi
}
for signal in INT TERM USR1; do stopped "$signal" "begun USR1" 75; done
stopped TERM begun 75 deaf # as one that was still being loaded
PODSCALE_STOP_SECONDS=1 stopped USR1 begun 75 stuck # as mpirun where it hangs
grep -q "does not end 1[0-9] s after SIGUSR1: it is killed" job.log || failed "no word on a launcher that hangs"
for wanted in 0 65 74 75; do
  code=0
  "$root/jobscripts/launch.sh" podscale-verify heard "$wanted" >job.log 2>&1 || code=$?
  ((code == wanted)) || failed "launch.sh: exit $code of a program that ends with $wanted"
done
# A launcher that hangs when its ranks have ended: without children, as mpirun that waits for a lock.
printf '#!/usr/bin/env bash\nsleep 3\nmkfifo never\nread -r <>never\n' >hangs
chmod +x hangs
code=0
PODSCALE_LAUNCHER="$PWD/hangs" timeout 60 "$root/jobscripts/launch.sh" podscale-verify heard >job.log 2>&1 || code=$?
((code == 137)) || failed "launch.sh: exit $code of a launcher that hangs after its ranks, expected 137"
grep -q "does not end, though all ranks have: it is killed" job.log || failed "no word on it: $(cat job.log)"
[[ -z "$(ls -A scratch)" ]] || failed "left in PODSCALE_SCRATCH: $(ls -A scratch)"

# What pass_signals runs has not begun to listen yet: it dies, nothing was begun, and the job runs again.
cat >pass.sh <<'SH'
source "$1/jobscripts/signals.sh"
code=0
pass_signals "${@:2}" || code=$?
echo "$code${stopped_by:+ $stopped_by}"
SH
passed() {  # passed WORDS SHELL_COMMANDS SIGNAL
  local said
  said="$(bash pass.sh "$root" bash -c "$2" "$3" 2>/dev/null)"
  [[ "$said" == "$1" ]] || failed "pass_signals with SIG$3 and '$2': '$said', expected '$1'"
}
# shellcheck disable=SC2016  # words of another shell, whose $0 is the signal
for signal in INT TERM USR1; do
  passed "75 $signal" 'kill "-$0" $PPID; exec sleep 30' "$signal"
  passed "3 $signal" 'trap "exit 3" USR1; kill "-$0" $PPID; for ((i = 0; i < 600; ++i)); do sleep 0.05; done' "$signal"
done

# A study on this machine and under PBS: its programs in their order, without train where the base is alone.
mkdir study queue
for step in basis train downscale verify; do
  printf '#!/bin/sh\ncase "$*" in *--print-value*) cat my.nml ;; *) echo %s >>ran ;; esac\n' "$step" >"study/podscale-$step"
done
cat >queue/qsub <<'SH'
#!/bin/sh
# qsub -N NAME [-W AFTER] -v SETTINGS SCRIPT     answers with the number of the job
if [ "$3" = -W ]; then echo "$2 $4" >>asked; else echo "$2" >>asked; fi
wc -l <asked
SH
chmod +x study/* queue/*
export PODSCALE_BIN="$PWD/study"
studied() {  # studied UNCERTAINTY PROGRAMS JOBS
  echo "'$1'" >my.nml
  rm -f ran asked
  if ! "$root/jobscripts/study.sh" my.nml >job.log 2>&1 || [[ "$(tr '\n' ' ' <ran)" != "$2 " ]]; then
    failed "study.sh of '$1': $(tr '\n' ' ' <ran), expected $2"
  fi
  if ! PATH="$PWD/queue:$PATH" "$root/jobscripts/pbs/study.sh" my.nml >job.log 2>&1 || [[ "$(tr '\n' ';' <asked)" != "$3" ]]; then
    failed "pbs/study.sh of '$1': $(tr '\n' ';' <asked), expected $3"
  fi
}
studied base "basis downscale verify" \
  "podscale-basis;podscale-downscale depend=afterok:1;podscale-verify depend=afterok:2;"
studied head "basis train downscale verify" \
  "podscale-basis;podscale-train depend=afterok:1;podscale-downscale depend=afterok:2;podscale-verify depend=afterok:3;"
PODSCALE_STEPS="train verify" studied head "train verify" "podscale-train;podscale-verify depend=afterok:1;"
((failures == 0)) && echo passed
exit $((failures > 0))
