#!/usr/bin/env bash
# podscale-plan: from the files of a study and without them, its refusals, and its file of rates.
#   plan.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" plan
cp -r -- "$study/out" "$study/tiny.nml" .

# 1. What the headers say is what the programs made of the study.
must 0 plan tiny.nml --ranks 4
cp run.log alone.log
patches="$(ranks_of 0 inspect out/basis.nc 2>/dev/null | grep -oE '[0-9]+ (of [0-9]+ )?patches' | head -n 1 | grep -oE '^[0-9]+')"
check "as many patches with ocean as the basis: $patches" grep -qF " $patches patches of 8 x 8" run.log
# The plan does not know how few global modes will do: each further token has one weight a channel of width 32.
read -r tokens parameters <<<"$(ranks_of 0 inspect out/model.h5 2>/dev/null | sed -nE 's/^ *([0-9]+) tokens of .*, ([0-9]+) parameters.*/\1 \2/p')"
read -r planned_parameters planned_tokens <<<"$(sed -nE 's/^network: .*, ([0-9]+) parameters, ([0-9]+) tokens.*/\1 \2/p' run.log)"
check "as many parameters as the network: $parameters" test "$((planned_parameters - 32 * (planned_tokens - tokens)))" = "$parameters"
check "14 times to downscale" grep -q ', 14 to downscale' run.log
for program in basis train downscale verify; do
  check "a table of podscale-$program" grep -qx "podscale-$program" run.log
  check "podscale-$program: ranks wanted" grep -q "^  podscale-$program: [0-9]* rank" run.log
done
must 2 plan tiny.nml --ranks 4
check "the same on 2 ranks" test "$(grep -v '^[0-9][0-9]:' run.log)" = "$(grep -v '^[0-9][0-9]:' alone.log)"
check "the base has no network" test "$(ranks_of 0 plan tiny.nml --set sampling.uncertainty=base 2>/dev/null |
  grep -c '^podscale-train$')" = 0

# 2. Without files.
must 0 plan tiny.nml --set output.directory=nowhere --set data.hr_files=nowhere.nc --region 720,1440 \
  --times 3650,365,365 --ranks 100 --tile 16,2 --cores 50 --memory 1000
check "tiles" grep -qE '[0-9]+ tokens attend to each other, 72 tiles' run.log
check "100 ranks" grep -qE '^ +100 ' run.log
before="$(listing .)"
must 0 plan tiny.nml --check
check "it writes nothing" test "$(listing . | grep -v '^\./run\.\|^\. ')" = "$(grep -v '^\./run\.\|^\. ' <<<"$before")"
aloud 0 plan tiny.nml --region 2160,4320 --times 3650,365,365 --ranks 8 --memory 1
check "a warning of memory" grep -q 'podscale-basis on 8 ranks: .* a rank' run.warnings

# 3. Refusals.
refuse 66 "--region" 0 plan tiny.nml --set data.hr_files=nowhere.nc
refuse 64 "--times" 0 plan tiny.nml --region 720,1440
refuse 64 "--tile" 0 plan tiny.nml --tile 0,1
refuse 66 "--calibrate" 2 plan tiny.nml --rates nowhere.txt
refuse 64 "tiny.nml" 2 plan tiny.nml --calibrate ./tiny.nml
echo "&images train_files = 'a.png' /" >images.nml
refuse 64 "images" 0 plan images.nml

# 4. Rates of this machine.
must 2 plan tiny.nml --calibrate rates.txt
check "seven rates" test "$(grep -c ' = ' rates.txt)" = 7
must 0 plan tiny.nml --rates rates.txt --ranks 2
no_temporaries .
finish
