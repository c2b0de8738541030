#!/usr/bin/env bash
# The daily job of a forecaster: downscales the latest run at or before a date.
#   jobscripts/forecast.sh RUN_DATE [NAMELIST]      RUN_DATE: YYYY-MM-DD; NAMELIST: namelists/forecast.nml
#
# What it looks for, by environment; YYYYMMDD in a pattern stands for a date:
#   PODSCALE_FORECASTS  low-resolution runs, one file each     (output.directory/forecast_YYYYMMDD.nc)
#   PODSCALE_ANALYSES   high-resolution analyses, one file each; '' = those that the namelist names
#   PODSCALE_RUN_AGE    days that the latest run may be older than RUN_DATE                  (2)
#   PODSCALE_DAYS       days from the run on that are downscaled                            (30)
#   PODSCALE_RANKS      MPI ranks (2); PODSCALE_BIN: folder of the programs (build/release/bin)
#   PODSCALE_SET        more "--set group.key=value"
#
# The product is output.directory/product_YYYYMMDD.nc, of the date of the run. Where it is there, whole
# and made with this basis, the job ends with 0 at once, so that it may be called again at any time.
# A late run: the one before is taken, and said. A late analysis: the programs take the latest one that is
# there by &history, or none, and say its age. LR fields of the days of the analyses are taken from
# history.lr_files, or, where the namelist names none, from its data.lr_files.
#
# Exit codes: 0 the product is there; 64 usage; 65 bad data; 66 no run (or basis) yet: try later;
# 70 bug; 74 I/O, or another job makes this product now; 75 stopped: run it again.
set -euo pipefail

say() { printf 'forecast: %s\n' "$*"; }
fail() {  # fail CODE WORDS
  printf 'forecast: error: %s\n' "${*:2}" >&2
  exit "$1"
}

(($# == 1 || $# == 2)) || fail 64 "expected RUN_DATE and perhaps a namelist, as in jobscripts/forecast.sh 2006-03-01"
date="$1"
if ! [[ "$date" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || ! wanted="$(date -u -d "$date" +%Y%m%d 2>/dev/null)"; then
  fail 64 "RUN_DATE '$date': expected a date as 2006-03-01"
fi
root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
# shellcheck source=jobscripts/signals.sh
source "$root/jobscripts/signals.sh"
namelist="${2:-$root/namelists/forecast.nml}"
[[ -f "$namelist" ]] || fail 64 "no such namelist: $namelist"
bin="${PODSCALE_BIN:-$root/build/release/bin}"
[[ -x "$bin/podscale-downscale" ]] || fail 66 "no podscale-downscale in $bin: build it, or set PODSCALE_BIN"
read -r -a settings <<<"${PODSCALE_SET:-}"
applied=data.lr_files # the key of the series that is downscaled

asked() { "$bin/podscale-downscale" "$namelist" "${settings[@]}" "$@"; }
basis="$(asked --print-path output.basis_file)" || fail 64 "$namelist cannot be read"
directory="$(dirname -- "$(asked --print-path output.product_file)")"
[[ -f "$basis" ]] || fail 66 "$basis is not there: make it once with podscale-basis $namelist"

# latest PATTERN: the date, YYYYMMDD, of the latest file of the pattern at or before the wanted date; '' = none
latest() {
  local before="${1%%YYYYMMDD*}" after="${1#*YYYYMMDD}" found="" file day
  for file in "$before"[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]"$after"; do
    [[ -f "$file" ]] || continue
    day="${file#"$before"}"
    day="${day:0:8}"
    if [[ ! "$day" > "$wanted" && "$day" > "$found" ]]; then found="$day"; fi
  done
  printf '%s' "$found"
}
days_before() {  # days_before YYYYMMDD: how many days it lies before the wanted date
  printf '%d' $((($(date -u -d "$wanted" +%s) - $(date -u -d "$1" +%s)) / 86400))
}

# 1. The run.
pattern="${PODSCALE_FORECASTS:-$directory/forecast_YYYYMMDD.nc}"
[[ "$pattern" == *YYYYMMDD* ]] || fail 64 "PODSCALE_FORECASTS = '$pattern': expected YYYYMMDD in it"
run="$(latest "$pattern")"
[[ -n "$run" ]] || fail 66 "no run at or before $date: nothing matches $pattern; try again later"
age="$(days_before "$run")"
((age <= ${PODSCALE_RUN_AGE:-2})) ||
  fail 66 "the latest run, ${pattern/YYYYMMDD/$run}, is $age days older than $date, more than PODSCALE_RUN_AGE = ${PODSCALE_RUN_AGE:-2}: try again later"
((age == 0)) || say "no run of $date yet: the one of $age days before is taken, ${pattern/YYYYMMDD/$run}"

# 2. Perhaps it is done.
product="$directory/product_$run.nc"
if [[ -f "$product" ]]; then
  if "$bin/podscale-inspect" "$product" 2>/dev/null | grep 'matches the contents' >/dev/null &&
    [[ "$product" -nt "${pattern/YYYYMMDD/$run}" && "$product" -nt "$basis" ]]; then
    say "$product is there and whole"
    exit 0
  fi
  say "$product is damaged, or older than its run or basis: it is made again"
fi

# 3. The analysis, and the LR fields of its day, which a run that begins later does not have.
ages="$(asked --print-value history.ages)"
if [[ -n "$ages" && -z "$(asked --print-value history.lr_files)" ]]; then
  past="$(asked --print-value data.lr_files)"
  [[ -z "$past" ]] || settings+=(--set "history.lr_files=$past")
fi
if [[ -n "${PODSCALE_ANALYSES:-}" ]]; then
  [[ "$PODSCALE_ANALYSES" == *YYYYMMDD* ]] || fail 64 "PODSCALE_ANALYSES = '$PODSCALE_ANALYSES': expected YYYYMMDD in it"
  analysis="$(latest "$PODSCALE_ANALYSES")"
  if [[ -z "$analysis" ]]; then
    say "no analysis at or before $date: those that the namelist names, or none"
  elif [[ -z "$ages" ]]; then
    say "$namelist has no history.ages: the analysis of $analysis is not used"
  else
    say "the latest analysis is $(days_before "$analysis") days old: ${PODSCALE_ANALYSES/YYYYMMDD/$analysis}"
    settings+=(--set "history.files='${PODSCALE_ANALYSES/YYYYMMDD/*}'")
  fi
fi

# 4. The downscaling.
first="$(date -u -d "$run" +%F)"
last="$(date -u -d "$run + ${PODSCALE_DAYS:-30} days" +%F)"
status=0
PODSCALE_BIN="$bin" PODSCALE_RANKS="${PODSCALE_RANKS:-2}" pass_signals "$root/jobscripts/launch.sh" podscale-downscale \
  "$namelist" "${settings[@]}" --set "$applied='${pattern/YYYYMMDD/$run}'" \
  --set "output.product_file='$(realpath -m -- "$product")'" --set "data.downscale='$first', '$last'" || status=$?
((status == 0)) || fail "$status" "podscale-downscale ended with $status; no product of $run was written"
say "wrote $product"
