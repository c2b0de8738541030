# shellcheck shell=bash
# Sourced by the job scripts.
#   pass_signals COMMAND...   runs it and returns its exit code; SIGINT, SIGTERM and SIGUSR1 that
#                             come meanwhile reach it as SIGUSR1. $stopped_by: the first of them, or ''.
#                             A command that dies of it had not begun to listen, nor to work: 75
stopped_by='' passed_to=''
pass_on() {
  stopped_by="${stopped_by:-$1}"
  [[ -z "$passed_to" ]] || kill -USR1 "$passed_to" 2>/dev/null || true
}
trap 'pass_on INT' INT
trap 'pass_on TERM' TERM
trap 'pass_on USR1' USR1
pass_signals() {
  local code=0
  if [[ -n "$stopped_by" ]]; then return 75; fi
  "$@" &
  passed_to=$!
  [[ -z "$stopped_by" ]] || kill -USR1 "$passed_to" 2>/dev/null || true
  while :; do
    code=0
    wait "$passed_to" || code=$?
    kill -0 "$passed_to" 2>/dev/null || break # else a signal came meanwhile
  done
  passed_to=''
  if [[ -n "$stopped_by" ]] && ((code == 128 + 10)); then code=75; fi
  return "$code"
}
