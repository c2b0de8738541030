"""For tests that a package from PyPI judges: it is installed into a virtual environment under the build folder, and the
test runs again with that Python. Where it cannot be installed, the test is skipped, with the reason."""
import os
import pathlib
import subprocess
import sys

_INSIDE = "--inside"


def run(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def _skip(reason, result=None):
    detail = (result.stderr or result.stdout).strip().splitlines()[-1:] if result else []
    print("skipped: %s %s" % (reason, " ".join(detail)))
    sys.exit(77)


def _python_with(folder, package, module):
    python = pathlib.Path(folder) / "bin" / "python"
    if python.exists() and run([python, "-c", "import " + module]).returncode == 0:
        return python
    made = run([sys.executable, "-m", "venv", folder])
    if made.returncode != 0:
        _skip("no virtual environment:", made)
    limit = 300 * int(os.environ.get("PODSCALE_TEST_TIMEOUT_SCALE", "1"))
    try:
        installed = run([python, "-m", "pip", "install", "--quiet", "--retries", "1", package], timeout=limit)
    except subprocess.TimeoutExpired:
        _skip("%s could not be installed in %d s" % (package, limit))
    if installed.returncode != 0:
        _skip("%s could not be installed:" % package, installed)
    return python


def main(script, judge, package, module):
    """Of a script that is called as SCRIPT VENV ARGUMENTS...: exits with what judge(ARGUMENTS) returns where the package
    is at hand, 0 where all agree; with 77 where it cannot be installed."""
    if sys.argv[1] == _INSIDE:
        sys.exit(judge(sys.argv[2:]))
    inside = run([_python_with(sys.argv[1], package, module), script, _INSIDE] + sys.argv[2:])
    print(inside.stdout, inside.stderr, sep="", end="")
    sys.exit(inside.returncode)
