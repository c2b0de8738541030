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
[[ -n "$nvcc" ]] && export CUDACXX="$nvcc" PATH="$(dirname "$nvcc"):$PATH"
by_package=(-D CMAKE_PREFIX_PATH="$prefix" -D Python_EXECUTABLE="$(command -v "$python")")
configure() { cmake -S src/network/alone -B "$build" "${generator[@]}" -D CMAKE_BUILD_TYPE=Release "$@"; }
rm -rf "$build"
mkdir -p "$build"
if configure "${by_package[@]}" >"$build.log" 2>&1; then
  stamp "configured with torch's CMake package"
else
  grep -A 6 "CMake Error" "$build.log" | head -20 || true
  stamp "torch's CMake package cannot be used here; linking its libraries by hand"
  rm -rf "$build"
  configure -D PODSCALE_TORCH_FOLDER="$folder" >"$build.log" 2>&1 || { cat "$build.log"; exit 70; }
fi
if ! cmake --build "$build" -j "$(nproc)" >"$build.log" 2>&1; then
  grep -E "error|undefined|warning" "$build.log" | head -40
  tail -20 "$build.log"
  exit 70
fi
stamp "built"
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
