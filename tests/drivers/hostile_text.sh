#!/usr/bin/env bash
# Texts from strangers: each is refused in one short line, in seconds and little memory, and no shell and
# no terminal ever acts on what it says.
#   hostile_text.sh BIN LAUNCHER SCRATCH
set -euo pipefail
# shellcheck source=common.sh disable=SC2154
source "$(dirname -- "$0")/common.sh" "$1" "$2" "$3" hostile_text
limit=$((20 * ${PODSCALE_TEST_TIMEOUT_SCALE:-1}))
# A sanitizer needs an address space of its own.
if (ulimit -v 1500000 && "$bin/podscale-basis" --version >/dev/null 2>&1); then ulimit -v 1500000; fi
short() {  # short CODE WORD PROGRAM ARGUMENTS...
  refuse "$1" "$2" 0 "${@:3}"
  check "$*: a short line" test "$(wc -c <run.err)" -lt 5000
  check "$*: no control characters" test "$(tr -d '\n' <run.err | tr -dc '\000-\037\177' | wc -c)" = 0
}

truncate -s 1G zeros.nml
short 64 "expected a namelist of at most" basis zeros.nml
/usr/bin/python3 - <<'PY'
def write(name, text):
    with open(name, "w") as file:
        file.write(text)
write("globs.nml", "&data hr_files = " + ",".join(f"'x{i}*'" for i in range(200000)) + " /")
write("repeated.nml", "&data hr_files = " + ",".join(["999999*'x'"] * 1000) + " /")
write("word.nml", "&data " + "a" * 1000000 + " = 3 /")
write("group.nml", "&" * 3000000)
write("path.nml", "&data hr_files = '" + "a" * 3000000 + "' /")
write("terminal.nml", "&data hr_files = 'a\x1b[31mred\x07' /")
write("shell.nml", "&data hr_files = 'x; touch made $(touch made) `touch made`', lr_files = '|touch made' /")
PY
short 64 "more than 10000 values" basis globs.nml
short 64 "more than 10000 values" basis repeated.nml
short 64 "a word of 1000000 characters" basis word.nml
short 64 "a word of" basis group.nml
short 64 "a text of 3000000 characters" basis path.nml
short 66 "nothing matches 'a?[31mred?'" basis terminal.nml
short 66 "touch made" basis shell.nml
check "no shell saw it" test ! -e made

# Attributes of megabytes, and such as drive a terminal, in an input that is read all the same.
/usr/bin/python3 - <<'PY'
import netCDF4
import numpy as np
with netCDF4.Dataset("wordy.nc", "w") as file:
    for name, values, units in (("time", [0, 1, 2], "days since 2000-01-01"), ("lat", np.arange(6) * 2. - 40, "degrees_north"),
                                ("lon", 150 + 2. * np.arange(8), "degrees_east")):
        file.createDimension(name, len(values))
        file.createVariable(name, "f8", (name,))[:] = values
        file[name].units = units
    sst = file.createVariable("sst", "f4", ("time", "lat", "lon"))
    sst[:] = np.random.default_rng(1).normal(size=(3, 6, 8))
    sst.units, sst.long_name = "degC", "L" * 3000000
    file.title, file.history = "T" * 5000000, "\x1b[2J\x1b[31mred\nsecond line"
with netCDF4.Dataset("many.nc", "w") as file:
    file.createDimension("x", 2)
    for i in range(1100):
        file.createVariable(f"variable_{i}", "f4", ("x", "x"))
PY
must 0 inspect wordy.nc
check "a short description" test "$(wc -c <run.log)" -lt 4000
check "no control characters" test "$(tr -d '\n' <run.log | tr -dc '\000-\037\177' | wc -c)" = 0
short 65 "holds 1100 variables" inspect many.nc
finish
