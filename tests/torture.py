#!/usr/bin/env python3
"""Kills runs of the chain basis, train, downscale, verify at random moments until each has finished,
and compares its files with those of an undisturbed run, to the bit.

    tests/torture.py BIN [--kills 20] [--seed 1] [--folder FOLDER] [--launcher "mpiexec -n"]

A run gets SIGKILL on one rank or on all, SIGTERM on one, or SIGUSR1 on the launcher, and is started
again with the same namelist; basis, downscale and verify on another number of ranks, too. Rounds of
the chain follow each other until all kills are spent. What must hold: the ranks of a run that is
killed end within a minute, with a code that a stop may have; a file is there whole or not at all; in the end all
data of all files have the bits of the undisturbed run, and nothing else is left.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

import netCDF4

NAMELIST = """
&ocean ny = 32, nx = 40, last_date = '2000-12-31', factor = 8, land_fraction = 0.2, lr_noise = 0.1 /
&data
  hr_files = '../ocean_hr.nc', lr_files = '../ocean_lr.nc', hr_variable = 'tos', lr_variable = 'tos'
  train = '2000-01-01', '2000-09-30', validate = '2000-10-01', '2000-10-31'
  downscale = '2000-11-01', '2000-11-14'
/
&patches size = 8, 8, modes = 8, overlap = 2 /
&basis harmonics = 1 /
&model width = 32, depth = 1, heads = 2, prediction = 'velocity' /
&training
  steps = 40, batch = 8, warmup = 5, rate = 1e-3, ema_decay = 0.9
  validate_every = 10, validation_times = 4, validation_members = 4, validation_sampler_steps = 2
  checkpoint_every = 5
/
&sampling uncertainty = 'ensemble', sampler = 'angle', steps = 20, members = 6, member_batch = 2, time_block = 1 /
&verify picture_file = '' /
&output directory = '.', write_members = .true. /
"""
CHAIN = {
    "basis": ["basis.nc"],
    "train": ["model.h5"],
    "downscale": ["product.nc", "product.factors.nc"],
    "verify": ["scores.nc", "scores.txt"],
}
# Signals before a program listens end it as usual, or by the launcher.
ALLOWED = {0, 75, 128 + signal.SIGTERM, 128 + signal.SIGKILL, 128 + signal.SIGUSR1,
           -signal.SIGTERM, -signal.SIGKILL, -signal.SIGUSR1}
LIMIT = 600 * int(os.environ.get("PODSCALE_TEST_TIMEOUT_SCALE", "1"))


class Failure(Exception):
    pass


class Runs:
    def __init__(self, options):
        self.bin = pathlib.Path(options.bin).resolve()
        self.launcher = options.launcher.split()
        self.environment = dict(os.environ, PODSCALE_PROGRESS="plain", PODSCALE_KEEP_SECONDS="0",
                                OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        self.environment.pop("PODSCALE_FORCE", None)
        self.seconds = {}

    def start(self, program, folder, ranks):
        log = open(folder / f"{program}.log", "w", encoding="utf-8")
        command = [*self.launcher, str(ranks), self.bin / f"podscale-{program}", "../case.nml"]
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
                                env=self.environment, start_new_session=True)

    def whole(self, program, folder, ranks=2):
        begin = time.monotonic()
        code = self.start(program, folder, ranks).wait(LIMIT)
        self.seconds[program] = time.monotonic() - begin
        if code != 0:
            raise Failure(f"{program}: exit {code}\n{text_of(folder, program)}")


def text_of(folder, program):
    return (folder / f"{program}.log").read_text(encoding="utf-8", errors="replace")


def ranks_of(launcher):
    """Processes that the launcher started: the ranks. One that has not yet become the program is still the
    launcher, with its handlers: SIGTERM to it makes mpirun of Open MPI 4.1 give up, with 1 and without a word."""
    path = pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")

    def program(pid):
        try:
            return pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name.startswith("podscale-")
        except OSError:
            return False
    try:
        return [pid for pid in map(int, path.read_text().split()) if program(pid)]
    except OSError:
        return []


def living(pids):
    """Those that are no zombies."""
    def state(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return "Z"
    return [pid for pid in pids if state(pid) != "Z"]


def strike(job, way, chance):
    """Returns whether somebody was hit."""
    ranks = ranks_of(job)
    targets = {"kill one": ranks and [chance.choice(ranks)], "kill all": ranks,
               "term one": ranks and [chance.choice(ranks)], "usr1": [job.pid]}[way]
    number = {"kill one": signal.SIGKILL, "kill all": signal.SIGKILL, "term one": signal.SIGTERM,
              "usr1": signal.SIGUSR1}[way]
    hit = False
    for pid in targets:
        try:
            os.kill(pid, number)
            hit = True
        except ProcessLookupError:
            pass
    return hit


def require_whole(folder, program):
    """Targets are there whole, or not at all."""
    for name in CHAIN[program]:
        path = folder / name
        if path.exists() and path.suffix == ".nc":
            tail = path.read_bytes()[-36:]
            if b"podscale checksum " not in tail:
                raise Failure(f"{path}: is there without its seal after a kill")


def same(a, b):
    """Raises Failure where data differ; the history of a file may."""
    if a.suffix == ".txt":
        if a.read_bytes() != b.read_bytes():
            raise Failure(f"{b} differs from {a}")
    elif a.suffix == ".h5":
        found = subprocess.run(["h5diff", a, b], capture_output=True, text=True, check=False)
        if found.returncode != 0:
            raise Failure(f"{b} differs from {a}:\n{found.stdout}")
    else:
        with netCDF4.Dataset(a) as one, netCDF4.Dataset(b) as two:
            if list(one.variables) != list(two.variables) or not one.variables:
                raise Failure(f"{b}: other variables than {a}")
            for name in one.variables:
                for file in (one, two):
                    file[name].set_auto_maskandscale(False)
                x, y = one[name][...], two[name][...]
                if x.shape != y.shape or x.tobytes() != y.tobytes():
                    raise Failure(f"{b}: {name} differs from {a}")


class Torture:
    def __init__(self, runs, chance, kills):
        self.runs, self.chance, self.left = runs, chance, kills
        self.done = {way: 0 for way in ("kill one", "kill all", "term one", "usr1")}
        self.missed = self.resumed = self.finished = self.rounds = self.hollow = 0
        self.slowest = 0.0

    def disturbed(self, program, folder):
        """Runs it until it has finished, killed at most as often as kills are left, and five times."""
        for attempt in range(1000):
            ranks = 2 if program == "train" else self.chance.choice([1, 2])
            begin = time.monotonic()
            job = self.runs.start(program, folder, ranks)
            struck = False
            if self.left > 0 and attempt < 5:
                end = begin + self.chance.uniform(0.02, 1.05) * self.runs.seconds[program]
                while time.monotonic() < end and job.poll() is None:
                    time.sleep(0.005)
                way = self.chance.choice(list(self.done))
                struck = job.poll() is None and strike(job, way, self.chance)
                if struck:
                    self.done[way] += 1
                    self.left -= 1
                else:
                    self.missed += 1
            hit = time.monotonic()
            try:
                code = job.wait(LIMIT / 10 if struck else LIMIT)
            except subprocess.TimeoutExpired as error:
                hollow = struck and not living(ranks_of(job))
                os.killpg(job.pid, signal.SIGKILL)
                if not hollow:
                    raise Failure(f"{program}: does not end after '{way}'") from error
                # All ranks have ended: the launcher alone hangs, and launch.sh would have ended it.
                self.hollow += 1
                code = job.wait()
            text = text_of(folder, program)
            self.resumed += "going on with" in text or "going on from step" in text
            self.finished += "is finished:" in text
            if struck and code != -signal.SIGKILL:
                self.slowest = max(self.slowest, time.monotonic() - hit)
            if code not in (ALLOWED if struck else {0}):
                raise Failure(f"{program} on {ranks} ranks: exit {code} {'after ' + way if struck else ''}\n{text}")
            require_whole(folder, program)
            if code == 0:
                return
        raise Failure(f"{program}: does not come to an end")

    def round(self, folder, reference):
        self.rounds += 1
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        for program in CHAIN:
            self.disturbed(program, folder)
        expected = {name for names in CHAIN.values() for name in names}
        for name in sorted(expected):
            same(reference / name, folder / name)
        # Of the runs that were killed before their lock and their names for temporary files were gone.
        left = {path.name for path in folder.iterdir() if not path.name.endswith(".log")} - expected
        left = {name for name in left if not name.endswith(".lock")}
        if left:
            raise Failure(f"{folder}: is left: {', '.join(sorted(left))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", help="folder of the programs")
    parser.add_argument("--launcher", default="mpiexec -n")
    parser.add_argument("--folder", default="torture", help="where it works; emptied first")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1e9, help="no new round after so many seconds")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = pathlib.Path(options.folder).resolve()
    if folder.exists():
        shutil.rmtree(folder)
    reference = folder / "undisturbed"
    reference.mkdir(parents=True)
    (folder / "case.nml").write_text(NAMELIST, encoding="utf-8")
    runs = Runs(options)
    torture = Torture(runs, random.Random(options.seed), options.kills)
    begin = time.monotonic()
    try:
        runs.whole("ocean", reference)
        for name in ("ocean_hr.nc", "ocean_lr.nc"):
            (reference / name).rename(folder / name)
        for program in CHAIN:
            runs.whole(program, reference)
        while torture.left > 0 and time.monotonic() - begin < options.seconds:
            torture.round(folder / "disturbed", reference)
            print(f"{options.kills - torture.left} of {options.kills} kills, {torture.rounds} rounds, "
                  f"{time.monotonic() - begin:.0f} s", flush=True)
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    kinds = ", ".join(f"{count} {way}" for way, count in torture.done.items())
    print(f"seed {options.seed}: {sum(torture.done.values())} kills ({kinds}) in {torture.rounds} rounds of the chain, "
          f"{time.monotonic() - begin:.0f} s")
    if torture.hollow:
        print(f"{torture.hollow} times the launcher did not end once all ranks had")
    print(f"{torture.resumed} runs went on from what was there; the slowest end after a kill took "
          f"{torture.slowest:.1f} s; all files of all rounds are bit-identical")
    return 0


if __name__ == "__main__":
    sys.exit(main())
