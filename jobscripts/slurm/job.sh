# shellcheck shell=bash
# Sourced by the batch scripts of Slurm; $root: the folder of podscale.
#   job COMMAND...   runs it and ends the job. Exit code 75 puts the job back into the queue, where
#                    it goes on; any other is that of the job.
# A job that is cancelled (SIGTERM) is not put back, nor one that was PODSCALE_REQUEUES times (50).
# shellcheck source=jobscripts/signals.sh disable=SC2154
source "$root/jobscripts/signals.sh"
tell() { printf '%s job %s: %s\n' "$(date -u +%H:%M:%S)" "${SLURM_JOB_ID:-}" "$*"; }

job() {
  local code=0 times="${SLURM_RESTART_COUNT:-0}" start=$SECONDS
  ((times == 0)) || tell "back in the queue for the ${times}. time"
  pass_signals "$@" || code=$?
  tell "exit code $code after $((SECONDS - start)) s${stopped_by:+, SIG$stopped_by came}"
  ((code == 75)) || exit "$code"
  if [[ "$stopped_by" == TERM ]]; then
    tell "cancelled: it is not run again"
  elif ((times >= ${PODSCALE_REQUEUES:-50})); then
    tell "not run again: PODSCALE_REQUEUES = ${PODSCALE_REQUEUES:-50} is reached; is the time limit too short?"
  else
    tell "back into the queue"
    scontrol requeue "$SLURM_JOB_ID" || tell "scontrol requeue failed: run it again by hand"
  fi
  exit 75
}
