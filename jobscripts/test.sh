#!/usr/bin/env bash
# Sets up, builds with assertions (preset audit) and runs all tests. Arguments go to ctest, as in:
# test.sh -R namelist
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
jobscripts/setup.sh tests
source jobscripts/mpi_environment.sh
cmake --preset audit
cmake --build --preset audit
ctest --preset audit -j $(($(nproc) + 1)) "$@"
