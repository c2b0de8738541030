"""An outside judge of the namelist parser: f90nml must read the same values from a file, and from what podscale says the
effective values are. f90nml comes from PyPI into a virtual environment under the build folder.
Usage: namelist_judge.py VENV DUMP_PROGRAM FILE.nml...      Exit: 0 agree, 1 differ, 77 skipped."""
import json
import os
import pathlib
import subprocess
import sys


def run(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def skip(reason, result=None):
    detail = (result.stderr or result.stdout).strip().splitlines()[-1:] if result else []
    print("skipped: %s %s" % (reason, " ".join(detail)))
    sys.exit(77)


def make_venv(folder):
    python = folder / "bin" / "python"
    if python.exists() and run([python, "-c", "import f90nml"]).returncode == 0:
        return python
    made = run([sys.executable, "-m", "venv", folder])
    if made.returncode != 0:
        skip("no virtual environment:", made)
    limit = 300 * int(os.environ.get("PODSCALE_TEST_TIMEOUT_SCALE", "1"))
    try:
        installed = run([python, "-m", "pip", "install", "--quiet", "--retries", "1", "f90nml"], timeout=limit)
    except subprocess.TimeoutExpired:
        skip("f90nml could not be installed in %d s" % limit)
    if installed.returncode != 0:
        skip("f90nml could not be installed:", installed)
    return python


def as_list(value):
    return value if isinstance(value, list) else [value]


def differences(where, judged, ours, whole):
    """judged: f90nml's {group: {key: value}}; ours: {"group.key": value}; whole: every key of ours must be there."""
    seen = {"%s.%s" % (group, key): value for group, keys in judged.items() for key, value in keys.items()}
    for path, value in seen.items():
        if path not in ours:
            yield "%s: %s unknown to podscale" % (where, path)
        elif as_list(value) != as_list(ours[path]):
            yield "%s: %s is %r to f90nml, %r to podscale" % (where, path, value, ours[path])
    if whole:
        for path, value in ours.items():
            if path not in seen and value != []:
                yield "%s: %s = %r is missing" % (where, path, value)


def judge(dump_program, files):
    import f90nml

    found = []
    for path in files:
        dumped = run([dump_program, path])
        if dumped.returncode != 0:
            found.append("%s: podscale refuses it: %s" % (path, dumped.stderr.strip()))
            continue
        dumped = json.loads(dumped.stdout)
        found += differences(path, f90nml.read(path).todict(), dumped["values"], False)
        found += differences("effective of " + path, f90nml.reads(dumped["effective"]).todict(), dumped["values"], True)
        print("%s: %d values compared" % (path, len(dumped["values"])))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        sys.exit(judge(sys.argv[2], sys.argv[3:]))
    inside = run([make_venv(pathlib.Path(sys.argv[1])), __file__, "--inside"] + sys.argv[2:])
    print(inside.stdout, inside.stderr, sep="", end="")
    sys.exit(inside.returncode)
