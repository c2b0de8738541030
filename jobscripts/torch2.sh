#!/usr/bin/env bash
# Installs LibTorch 2.x from Python's package index into build/torch2 and prints the options of CMake
# that build podscale with it, for processors only. The package has CUDA in it, whose libraries (2 GB)
# are left out but for the two that the part for processors asks for.
#   TORCH=2.11.0 jobscripts/torch2.sh [folder]
# Other versions of Torch want these two in other versions: CUDA_RUNTIME and CUPTI, as pip names them.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
folder=$(realpath -m -- "${1:-build/torch2}")
torch=${TORCH:-2.11.0}
runtime=${CUDA_RUNTIME:-nvidia-cuda-runtime==13.0.96}
cupti=${CUPTI:-nvidia-cuda-cupti==13.0.85}

if ! python3 -m venv --help >/dev/null 2>&1; then
  echo "torch2: python3 has no venv; install the package python3-venv" >&2
  exit 66
fi
if [[ "$(cat "$folder/installed" 2>/dev/null || true)" != "$torch $runtime $cupti" ]]; then
  rm -rf "$folder"
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q --no-deps "torch==$torch" "$runtime" "$cupti"
  echo "$torch $runtime $cupti" >"$folder/installed"
fi
package=$(echo "$folder"/venv/lib/python3*/site-packages/torch)
missing=$(ldd "$package/lib/libtorch_cpu.so" | grep 'not found' || true)
if [[ -n "$missing" ]]; then
  echo "torch2: libtorch_cpu.so of torch $torch lacks:$missing; set CUDA_RUNTIME and CUPTI to what it wants" >&2
  exit 65
fi
echo "torch2: torch $torch is in $package; build with"
echo "cmake --preset audit -B build/audit-torch2 -D PODSCALE_TORCH_FOLDER=$package -D PODSCALE_TORCH_CUDA=OFF"
