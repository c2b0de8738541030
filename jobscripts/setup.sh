#!/usr/bin/env bash
# Installs what podscale needs and this machine lacks, from Debian's packages (Debian 12 or 13; root
# or sudo). Does nothing where all is there. With "tests", what the tests use besides. With "torch2",
# a LibTorch 2.x from Python's package index instead of Debian's (1.13 or 2.6), into build/torch2,
# and the options of CMake that build with it (doc/install.md).
set -euo pipefail

cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
if [[ "${1:-}" == torch2 ]]; then
  exec jobscripts/torch2.sh
fi

packages=(
  build-essential cmake ninja-build ccache pkg-config git
  libopenmpi-dev openmpi-bin libpetsc-real-dev libslepc-real-dev libnetcdf-mpi-dev libhdf5-openmpi-dev
  libopenblas-dev libtorch-dev libudunits2-dev libcli11-dev libfmt-dev libspdlog-dev libnanoflann-dev nlohmann-json3-dev
  zlib1g-dev libpng-dev libjpeg-dev libtiff-dev
  netcdf-bin
  python3-matplotlib python3-netcdf4
)
if [[ "${1:-}" == tests ]]; then
  packages+=(libgtest-dev python3-xarray python3-venv cdo hdf5-tools
    clang libclang-rt-dev)
fi

# Without these their tests say that they are skipped.
wished=()
[[ "${1:-}" != tests ]] || wished=(slurmctld slurmd slurm-client munge procps e2fsprogs shellcheck)

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is no Debian system; install by hand the equivalents of: ${packages[*]}" >&2
  exit 1
fi
lacking() { # lacking PACKAGES...: those that are not installed, a line each
  local package
  for package in "$@"; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" == installed ]] || echo "$package"
  done
}
mapfile -t missing < <(lacking "${packages[@]}")
mapfile -t wishes < <(lacking "${wished[@]}")
if ((${#missing[@]} + ${#wishes[@]} == 0)); then
  echo "setup: all ${#packages[@]} packages are there"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup: not root and no sudo; ask an administrator for: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]} ${wishes[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
"${apt[@]}" -q update || echo "setup: apt-get update failed; going on with the lists that are there" >&2
if ((${#missing[@]})) && ! "${apt[@]}" -q install -y --no-install-recommends "${missing[@]}"; then
  echo "setup: apt-get could not install: ${missing[*]}" >&2
  exit 1
fi
if ((${#wishes[@]})) && ! "${apt[@]}" -q install -y --no-install-recommends "${wishes[@]}"; then
  echo "setup: going on without ${wishes[*]}" >&2
fi
