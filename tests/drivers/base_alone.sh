#!/usr/bin/env bash
# The chain of a build without a network: the base alone; what needs a network is refused.
#   base_alone.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" base_alone
cp -- "$here/tiny.nml" .
own=(tiny.nml --set sampling.uncertainty=base)
must 2 ocean tiny.nml
must 2 basis "${own[@]}"
must 2 downscale "${own[@]}"
must 2 verify "${own[@]}" --set verify.picture_file=
check "scores" test -s out/scores.txt
refuse 64 "without a network" 2 downscale tiny.nml --set sampling.uncertainty=head --set output.product_file=p.nc
check "no program to train with" test ! -e "$bin/podscale-train"
finish
