"""Reads back what a run says of itself as JSON.

judge_reports.py summary FILE RANKS OUTPUT     of a finished podscale-basis
judge_reports.py stopped FILE                  of a podscale-train that a signal stopped
judge_reports.py heartbeat FILE STAGE TOTAL    reads it again and again until it is at that stage; then SIGUSR1 to the
                                               process that it names
judge_reports.py ended FILE STATE CODE         of a run that is over
"""

import json
import os
import signal
import sys
import time

BASIS = {"read", "climatology", "POD", "encode", "regression", "calibrate", "write"}


def of(path):
    with open(path, "rb") as file:
        return json.loads(file.read().decode("utf-8"))  # strict: no other bytes


def ordered(values):
    return 0 <= values["min"] <= values["mean"] * (1 + 1e-9) and values["mean"] <= values["max"] * (1 + 1e-9)


def summary(path, ranks, output):
    s = of(path)
    assert s["program"] == "podscale-basis" and s["exit_code"] == 0
    assert s["ranks"] == int(ranks) and s["nodes"] == 1 and s["cores"] >= 1
    assert {"PETSc", "SLEPc", "NetCDF", "HDF5"} < set(s["libraries"]), s["libraries"]
    assert s["namelist"] == 'a "b" \\c \t\ufffd.nml', s["namelist"]
    assert s["started"] <= s["ended"]
    stages = {stage["name"]: stage for stage in s["stages"]}
    assert BASIS <= set(stages), set(stages)
    assert all(ordered(stage["seconds"]) for stage in s["stages"])
    # Stages share out the time of the process, which begins before and ends after that of the work.
    total = sum(stage["seconds"]["mean"] for stage in s["stages"])
    assert s["seconds"] * 0.99 <= total <= s["seconds"] + 60, (total, s["seconds"])
    assert ordered(s["peak_memory_mib"]) and s["peak_memory_mib"]["min"] > 10
    # 366 fields of 32 x 40 points of float: each step of both periods is read at least once.
    assert s["io"]["read"]["bytes"] > (274 + 31) * 32 * 40 * 4, s["io"]
    # The values of the file, before compression.
    assert s["io"]["written"]["bytes"] > 0.5 * os.path.getsize(output), s["io"]
    for io in s["io"].values():
        assert abs(io["bytes_per_second"] * io["seconds"] - io["bytes"]) <= 1e-6 * io["bytes"]
    rates = {rate["title"]: rate for rate in s["rates"]}
    assert rates["calibration"]["done"] > 0 and rates["calibration"]["per_second"] > 0, rates
    assert "harmonics = 1" in s["effective_namelist"]


def stopped(path):
    s = of(path)
    assert s["program"] == "podscale-train" and s["exit_code"] == 75
    assert any(stage["name"] == "train" for stage in s["stages"])
    assert any(name.lower().startswith("libtorch") for name in s["libraries"]), s["libraries"]


def heartbeat(path, stage, total):
    end = time.time() + 100 * float(os.environ.get("PODSCALE_TEST_TIMEOUT_SCALE", "1"))
    seen = set()
    while time.time() < end:
        time.sleep(0.02)
        if not os.path.exists(path):
            continue
        beat = of(path)
        if beat["state"] != "running":
            continue
        seen.add(beat["updated"])
        progress = beat.get("progress")
        # Other loops come before.
        if progress and progress["title"] == "training" and progress["done"] > 3 and len(seen) > 1:
            assert beat["stage"] in (stage, "validate", "write"), beat
            assert progress["total"] == int(total) and progress["unit"] == "steps"
            assert beat["ranks"] == 2 and beat["process"] > 0 and beat["host"] and beat["seconds"] > 0
            # What is left at the rate that it names.
            left = (progress["total"] - progress["done"]) / progress["per_second"]
            assert abs(beat["seconds_left"] - left) < 1e-6 * left
            os.kill(beat["process"], signal.SIGUSR1)
            return
    raise AssertionError(f"{path}: no heartbeat of stage {stage} in time")


def ended(path, state, code):
    beat = of(path)
    assert beat["state"] == state and beat["exit_code"] == int(code), beat


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
