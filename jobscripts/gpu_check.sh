#!/usr/bin/env bash
# Builds the network against the torch of a Python installation, runs its tests on the CPU and on a
# GPU, and prints rates of training and sampling against the card's measured peak. Wants python3 with
# torch, CMake and g++, nvcc where torch was built with CUDA; no network, MPI, PETSc or NetCDF.
#   jobscripts/gpu_check.sh [build folder]
#   PYTHON=/path/to/python3 CMAKE=cmake SECONDS_EACH=1 jobscripts/gpu_check.sh
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-python3}
build=${1:-build/gpu_check}
each=${SECONDS_EACH:-1}
start=$SECONDS
stamp() { echo "== $((SECONDS - start)) s: $*"; }

if ! command -v cmake >/dev/null || ! command -v g++ >/dev/null; then
  echo "gpu_check: needs cmake and g++" >&2
  exit 66
fi
if ! facts=$("$python" -c 'import os, torch
print(os.path.dirname(torch.__file__))
print(torch.utils.cmake_prefix_path)
print(torch.__version__)
gpu = torch.cuda.is_available()
print("%d.%d" % torch.cuda.get_device_capability() if gpu else "")
print(torch.cuda.get_device_name() if gpu else "")
print("end")  # the shell cuts off empty lines at the end'); then
  echo "gpu_check: $python has no torch that can be imported" >&2
  exit 66
fi
{ read -r folder; read -r prefix; read -r version; read -r capability; read -r card; } <<<"$facts"
found="no GPU was found"
[[ -n "$card" ]] && found="$card, capability $capability"
stamp "torch $version in $folder; $found"
g++ --version | head -1
nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null || true)
echo "nvcc: ${nvcc:-not found}"

generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
[[ -n "$capability" ]] && export TORCH_CUDA_ARCH_LIST="$capability"
[[ -n "$nvcc" ]] && export CUDACXX="$nvcc" PATH="${nvcc%/*}:$PATH"
# Torch's CMake package first; where it does not work here (it wants nvcc and CUDA's headers, which
# this code does not), its libraries by hand.
by_package=(-D CMAKE_PREFIX_PATH="$prefix" -D TORCH_LIBRARY="$folder/lib/libtorch.so" -D C10_LIBRARY="$folder/lib/libc10.so")
by_hand=(-D PODSCALE_TORCH_FOLDER="$folder")
make() {
  rm -rf "$build"
  mkdir -p "$build"
  timeout 200 cmake -S src/network/alone -B "$build" "${generator[@]}" -D CMAKE_BUILD_TYPE=Release "$@" \
    >"$build.log" 2>&1 || return 1
  timeout "${BUILD_SECONDS:-150}" cmake --build "$build" -j "$(nproc)" >>"$build.log" 2>&1
}
report() {
  grep -E -A 6 "CMake Error|error:|undefined reference" "$build.log" | head -30 || true
  tail -5 "$build.log"
}
if make "${by_package[@]}"; then
  stamp "built with torch's CMake package"
else
  report
  stamp "torch's CMake package cannot be used here; linking its libraries by hand"
  make "${by_hand[@]}" || { report; exit 70; }
  stamp "built"
fi
failed=0
# One thread: these networks are tiny.
OMP_NUM_THREADS=1 timeout 150 "$build/network_tests" || failed=$?
stamp "tests ended with $failed"
if [[ -n "$card" ]]; then
  timeout 200 "$build/network_rates" cuda "$each" || failed=$?
  stamp "rates of the GPU"
  nvidia-smi --query-gpu=name,memory.total,clocks.sm,clocks.max.sm,power.limit --format=csv 2>/dev/null || true
else
  echo "no GPU was found: rates of the CPU only"
fi
timeout 60 "$build/network_rates" cpu "$each" || failed=$?
stamp "done"
exit "$failed"
