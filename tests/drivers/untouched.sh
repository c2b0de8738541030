#!/usr/bin/env bash
# --help and --version without a launcher; --check that touches nothing.
#   untouched.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" untouched
cp -r -- "$study/." .
before="$(listing .)"
log="$(mktemp)"
trap 'rm -f -- "$log"' EXIT

says() {  # says WORD PROGRAM ARGUMENTS...: exit 0, the word on stdout, nothing on stderr
  local word="$1" code=0 words
  shift
  words="$(timeout "$limit" env -i PATH="$PATH" "$bin/podscale-$1" "${@:2}" 2>"$log")" || code=$?
  if ((code != 0)) || [[ "$words" != *"$word"* || -s "$log" ]]; then
    failed "podscale-$*: exit $code, expected 0 and '$word'"
    printf '%s\n' "$words" | head -n 5
    cat "$log"
  fi
}
for program in ocean init plan basis train downscale verify inspect; do
  says "podscale-$program [OPTIONS]" "$program" --help
  says "podscale-$program 0." "$program" --version
done
says "Exit codes: 0 done" basis --help
says "LibTorch" train --version
says "modes = 16" basis --help

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for program in ocean plan basis train downscale verify; do
  for ranks in 0 2; do
    code=0
    ranks_of "$ranks" "$program" tiny.nml --check >"$log" 2>&1 || code=$?
    ((code == 0)) || { failed "podscale-$program --check on $ranks ranks: exit $code"; tail -n 5 "$log"; }
    check "podscale-$program --check touches nothing" test "$(listing .)" = "$before"
  done
done
# Nor where there is no output folder yet.
ranks_of 0 basis tiny.nml --check --set output.directory=new >"$log" 2>&1 || { failed "basis --check"; cat "$log"; }
ranks_of 0 verify tiny.nml --check --set output.directory=new --set output.product_file="$PWD/out/product.nc" \
  --set output.basis_file="$PWD/out/basis.nc" >"$log" 2>&1 || { failed "verify --check"; cat "$log"; }
check "--check touches nothing" test "$(listing .)" = "$before"
finish
