#!/usr/bin/env python3
"""Weak scaling: a region on one rank beside one of twice its points on two, stage by stage.

    tests/benchmarks/weak_scaling.py BIN [--repeats 3] [--folder FOLDER] [--launcher "mpirun -n"]

All ocean, so that the work is exactly twice: 180 and 360 x 720 points of quarter_degree.nml, and twice the
batch. Tiles have no halo, since those of two rows have more of it than those of one. The runs on one and on
two ranks take turns; seconds are those of the slowest rank, by the clock, and the least of the repeats.
Efficiency is the time on one rank over that on two. It wants two idle cores.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

NAMELIST = pathlib.Path(__file__).with_name("quarter_degree.nml")
NETWORK = ["model.width=64", "model.depth=2", "model.tile_halo=0", "training.validate_every=1000",
           "training.validation_times=2", "training.validation_members=2", "training.validation_sampler_steps=1",
           "training.resume=.false.", "sampling.calibration_times=2"]
MEMBERS = ["sampling.uncertainty=ensemble", "sampling.members=8", "sampling.member_batch=4", "sampling.steps=10",
           "sampling.sampler=angle", "output.write_factors=.false."]
# Name, program, what is set for it, stages that are shown.
RUNS = [
    ("basis", "basis", [], ["read", "climatology", "POD", "encode", "regression", "calibrate", "write"]),
    ("product of the base", "downscale", [], ["read", "encode", "decode", "write"]),
    ("verification", "verify", ["verify.picture_file=''"], ["read", "verify", "write"]),
    ("training, 24 steps", "train",
     [*NETWORK, *MEMBERS, "training.steps=24", "training.head_weight=0"], ["train"]),
    ("8 members", "downscale",
     [*NETWORK, *MEMBERS, "data.downscale=2001-04-01,2001-04-08", "output.product_file=members.nc"],
     ["sample", "decode", "write"]),
]


def settings(ranks):
    return [f"ocean.ny={180 * ranks}", "ocean.land_fraction=0", "ocean.islands=0", f"training.batch={8 * ranks}",
            f"training.groups={4 * ranks}"]


def run(options, folder, program, ranks, more):
    """Seconds of the stages, and of all."""
    command = [*options.launcher.split(), str(ranks), options.bin / f"podscale-{program}", NAMELIST,
               "--summary", folder]
    for setting in settings(ranks) + more:
        command += ["--set", setting]
    with open(folder / f"{program}.log", "w", encoding="utf-8") as log:
        one_thread = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PODSCALE_FORCE="1")
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False,
                              env=one_thread)
    if done.returncode != 0:
        sys.exit(f"{folder}/{program}.log: exit {done.returncode}")
    summary = json.loads((folder / f"podscale-{program}.json").read_text(encoding="utf-8"))
    seconds = {stage["name"]: stage["seconds"]["max"] for stage in summary["stages"]}
    return {**seconds, "all": summary["seconds"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve(), help="folder of the programs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=lambda text: pathlib.Path(text).resolve(), default=None)
    parser.add_argument("--launcher", default="mpirun -n")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = {ranks: (options.folder or pathlib.Path(scratch)) / str(ranks) for ranks in (1, 2)}
        for ranks, folder in folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "case/ocean_hr.nc").exists():
                run(options, folder, "ocean", ranks, [])
        print("| program | stage | 1 rank, s | 2 ranks, twice the points, s | efficiency |")
        print("|---|---|---|---|---|")
        for name, program, more, stages in RUNS:
            least = {1: {}, 2: {}}
            for _ in range(options.repeats):
                for ranks, folder in folders.items():
                    for stage, seconds in run(options, folder, program, ranks, more).items():
                        least[ranks][stage] = min(seconds, least[ranks].get(stage, seconds))
            for stage in [*stages, "all"]:
                one, two = (least[ranks].get(stage, 0.0) for ranks in (1, 2))
                if one > 0 and two > 0:
                    print(f"| {name} | {stage} | {one:.2f} | {two:.2f} | {one / two:.2f} |", flush=True)


if __name__ == "__main__":
    main()
