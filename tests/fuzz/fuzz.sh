#!/usr/bin/env bash
# Builds the fuzzers with Clang and its sanitizers, and lets each run for a while from its corpus.
#   fuzz.sh SOURCE BUILD SECONDS [INPUTS]
# INPUTS: at most so many, the same ones each time, so that a test does not depend on luck.
# What a fuzzer finds stays in BUILD/findings; the test fails then.
set -euo pipefail
source_folder="$1" build="$2" seconds="$3"
limits=(-max_total_time="$seconds")
[[ -z "${4:-}" ]] || limits+=(-seed=1 -runs="$4")
clang="$(command -v clang++ || command -v clang++-14 || true)"
if [[ -z "$clang" ]] || ! echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' |
  "$clang" -x c++ - -fsanitize=fuzzer -o /dev/null 2>/dev/null; then
  echo "skipped: no Clang with libFuzzer here"
  exit 77
fi
export CCACHE_NOHASHDIR=1
log="$build.log"
cmake -G Ninja -S "$source_folder" -B "$build" -D CMAKE_CXX_COMPILER="$clang" -D CMAKE_C_COMPILER="${clang/clang++/clang}" \
  -D CMAKE_BUILD_TYPE=Audit -D PODSCALE_NETWORK=OFF -D PODSCALE_FUZZ=ON \
  -D PODSCALE_SANITIZE=address,undefined,fuzzer-no-link >"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
cmake --build "$build" --target fuzz_namelist fuzz_metadata >>"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
mkdir -p "$build/findings"
# MPI leaks at its start, and Open MPI asks for unaligned memory: neither is ours.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
for what in namelist metadata; do
  corpus="$build/corpus_$what"
  rm -rf -- "$corpus"
  mkdir -p "$corpus"
  dictionary=()
  [[ ! -f "$source_folder/tests/fuzz/$what.dict" ]] || dictionary=("-dict=$source_folder/tests/fuzz/$what.dict")
  "$build/tests/fuzz/fuzz_$what" "${dictionary[@]}" "${limits[@]}" -max_len=4096 -timeout=60 -rss_limit_mb=4096 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$build/findings/$what-" "$corpus" \
    "$source_folder/tests/fuzz/corpus/$what" 2>"$build/$what.log" ||
    { tail -n 40 "$build/$what.log"; echo "FAILED: fuzz_$what found something: $build/findings"; exit 1; }
  runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$what.log")"
  echo "fuzz_$what: $runs inputs without a finding"
  ((runs > 100)) || { echo "FAILED: fuzz_$what ran too few inputs"; exit 1; }
done
