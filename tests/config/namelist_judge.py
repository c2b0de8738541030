"""An outside judge of the namelist parser: f90nml must read the same values from a file, and from what podscale says the
effective values are.
Usage: namelist_judge.py VENV DUMP_PROGRAM FILE.nml...      Exit: 0 agree, 1 differ, 77 skipped."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import outside_judge
from outside_judge import run


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


def judge(arguments):
    import f90nml

    dump_program, *files = arguments
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
    outside_judge.main(__file__, judge, "f90nml", "f90nml")
