#!/usr/bin/env bash
# A build without LibTorch (PODSCALE_NETWORK=OFF), and the test of its programs. All other tests that it has
# link no network in any build: they are the same, and are not made and run again.
#   without_network.sh SOURCE BUILD TIMEOUT_SCALE
set -euo pipefail
# The same depth as the other build folders: the compiler cache then knows the objects.
log="$2.log"
cmake -G Ninja -S "$1" -B "$2" -D CMAKE_BUILD_TYPE=Audit -D PODSCALE_WERROR=ON -D PODSCALE_TESTS=ON \
  -D PODSCALE_NETWORK=OFF -D PODSCALE_TEST_LAYERS=drivers -D PODSCALE_TEST_TIMEOUT_SCALE="$3" >"$log"
cmake --build "$2" >>"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
if ldd "$2/bin/podscale-downscale" | grep -i torch; then
  echo "podscale-downscale links Torch"
  exit 1
fi
ctest --test-dir "$2" -R base_alone --output-on-failure --no-tests=error
