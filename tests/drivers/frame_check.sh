#!/usr/bin/env bash
# The frame that all programs share, seen from outside through podscale-ocean: exit codes, messages, what a run leaves.
#   frame_check.sh PODSCALE_OCEAN "MPIEXEC -n"
set -euo pipefail
program="$1"
launcher="$2"
folder="$(mktemp -d)"
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
failures=0

# expect CODE WORD COMMAND...: the exit code, and a word that the output must hold.
expect() {
  local code="$1" word="$2" found=0 output
  shift 2
  output="$("$@" 2>&1)" || found=$?
  if [[ "$found" != "$code" || "$output" != *"$word"* ]]; then
    printf 'FAILED: %s\n  exit %s, expected %s with "%s"; output:\n%s\n' "$*" "$found" "$code" "$word" "$output"
    failures=$((failures + 1))
  fi
}
check() {
  local what="$1"
  shift
  "$@" || { echo "FAILED: $what"; failures=$((failures + 1)); }
}

cat >good.nml <<'END'
&ocean ny = 16, nx = 24, last_date = '2000-01-20' /
&output directory = 'out' /
END
echo "&ocean nny = 16 /" >unknown.nml
echo "&output directory = 'good.nml/sub' /" >unwritable.nml

# Without MPI.
expect 0 "SLEPc" "$program" --version
expect 0 "land_fraction" "$program" --help
expect 0 "| \`hr_files\` |" "$program" --reference
expect 64 "namelist" "$program"
expect 64 "--bogus" "$program" good.nml --bogus
expect 0 "out/product.nc" "$program" good.nml --print-path output.product_file
expect 0 "/elsewhere/p.nc" "$program" good.nml --set output.product_file=/elsewhere/p.nc --print-path output.product_file
expect 64 "no such key" "$program" good.nml --print-path output.nothing
expect 64 "output.product_file" "$program" good.nml --print-path sampling.uncertainty  # of no file
expect 64 "output.product_file" "$program" good.nml --print-path data.mask_file        # not below output.directory
expect 0 "'base'" "$program" good.nml --set sampling.uncertainty=base --print-value sampling.uncertainty
expect 64 "no such key" "$program" good.nml --print-value sampling.nothing

# Errors that ranks agree on, and what --check leaves alone.
for ranks in 1 2; do
  # shellcheck disable=SC2206  # words of the launcher
  run=($launcher "$ranks" "$program")
  expect 66 "missing.nml: no such namelist" "${run[@]}" missing.nml
  expect 64 "did you mean ny" "${run[@]}" unknown.nml
  expect 64 "group.key=value" "${run[@]}" good.nml --set ny=4
  expect 64 "time_limit" "${run[@]}" good.nml --set training.time_limit=90
  expect 74 "can't make" "${run[@]}" unwritable.nml --set ocean.ny=16
  expect 65 "all 4 x 4 points are land" "${run[@]}" good.nml --set ocean.ny=4 --set ocean.nx=4 --set ocean.factor=2 \
    --set ocean.land_fraction=0.8 --set ocean.islands=10000
  rm -rf out
  expect 0 "20 times" "${run[@]}" good.nml --check
  expect 0 "ny = 16" "${run[@]}" good.nml --check --verbose
  check "--check makes nothing" test ! -e out
done

# A run: quiet says nothing, all files are there under their final names only.
expect 0 "" "${run[@]}" good.nml --quiet
check "the files are there" test -s out/ocean_hr.nc -a -s out/ocean_lr.nc
check "no temporary file stays" test "$(find out -type f | wc -l)" = 2

((failures == 0)) && echo "all checks passed"
