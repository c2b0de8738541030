#!/usr/bin/env bash
# The climate table of doc/skill.md: five realizations of a free-running model whose truth is known, in one call.
#   jobscripts/climate.sh [CELL]        (after jobscripts/quickstart.sh, which builds)
# CELL (default 4): degrees of the model's cells; podscale is trained on cells of 4 degrees whatever it is.
# PODSCALE_RANKS (default 2): MPI ranks. Settings behind CELL go to podscale-downscale, as in --set data.adapt=none.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."
source jobscripts/mpi_environment.sh
cell="${1:-4}"
shift || true
bin="${PODSCALE_BIN:-build/release/bin}" out=runs/climate hr=../shared/data/cobe_global/sst_month_1985-2005.nc
run() { mpirun -n "${PODSCALE_RANKS:-2}" "$bin/podscale-$1" namelists/climate.nml --quiet "${@:2}"; }

mkdir -p "$out"
[[ -f "$out/basis.nc" ]] || run basis
for r in 1 2 3 4 5; do
  model="$out/model_${cell}_$r.nc"
  [[ -f "$model" ]] || /usr/bin/python3 jobscripts/climate_model.py make "$hr" 4 "$r" "$model" "$cell"
done
run downscale --set "data.apply_files=$out/model_${cell}_?.nc" --set output.product_file=product.nc \
  --set output.write_factors=.false. "$@"
/usr/bin/python3 jobscripts/climate_model.py score "$hr" 5 "$out/product.nc"
