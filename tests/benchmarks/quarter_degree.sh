#!/usr/bin/env bash
# Basis, product and scores of a quarter-degree globe: processor seconds of all ranks, and memory.
#   tests/benchmarks/quarter_degree.sh BIN [OLD_BIN [RANKS [FOLDER]]]
# BIN: folder of the programs. OLD_BIN: those of another version, each run just before: its seconds
# over the new ones are the last column. On a busy machine ranks wait for each other at full speed:
# 1 rank (RANKS = 1) shows the work alone. Needs GNU time and half a gigabyte in FOLDER.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../jobscripts/mpi_environment.sh"
new=$(cd "$1" && pwd)
old=${2:+$(cd "$2" && pwd)}
ranks=${3:-2}
folder=${4:-$(mktemp -d)}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PODSCALE_FORCE=1  # else a finished job is left alone
mkdir -p "$folder"
cd "$folder"
[[ -e case/ocean_hr.nc ]] || mpirun -n "$ranks" "$new/podscale-ocean" "$here/quarter_degree.nml" > ocean.log 2>&1

# seconds PROGRAM BIN NAME: "processor seconds, MiB of the largest rank"
seconds() {
  /usr/bin/time -o time.txt -f '%U %S %M' mpirun -n "$ranks" "$2/podscale-$1" "$here/quarter_degree.nml" \
    --set output.directory="'$3'" --set verify.picture_file="''" > "$3-$1.log" 2>&1 ||
    { tail -n 20 "$3-$1.log" >&2; exit 1; }
  awk 'END { printf "%.2f %.0f\n", $1 + $2, $3 / 1024 }' time.txt
}

echo "| program, $ranks ranks | s | MiB a rank | old, s | MiB a rank | old / new |"
echo "|---|---|---|---|---|---|"
for program in basis downscale verify; do
  before=(- -)
  if [[ -n $old ]]; then read -ra before <<< "$(seconds "$program" "$old" old)"; fi
  read -ra now <<< "$(seconds "$program" "$new" new)"
  echo "| $program | ${now[0]} | ${now[1]} | ${before[0]} | ${before[1]} |" \
    "$(awk -v a="${before[0]}" -v b="${now[0]}" 'BEGIN { print a == "-" ? "-" : sprintf("%.2f", a / b) }') |"
done
