#!/usr/bin/env python3
"""Seams of members at the borders of tiles: steps of the fields across borders of patches that are
also borders of tiles, over steps across borders of patches inside of tiles. 1 = no seam.

    tile_seams.py PRODUCT BASE PATCH_Y PATCH_X TILE

Members less their mean: what the network drew, not what the condition says. Steps are taken between the
two points at a border of patches, along rows and along columns, and averaged over times, members and
borders. Borders differ by what lies there, so that the ratio is over that of BASE: members of the base
from the same noise (sampling.uncertainty = 'base'), which know of no tile. The error is that of a
bootstrap over (time, member)."""
import sys

import netCDF4
import numpy as np


def shares(total, edge):
    """Borders of the tiles' own parts along an axis: patches, as TileSet deals them."""
    parts = -(-total // edge)
    base, extra = divmod(total, parts)
    return {i * base + min(i, extra) for i in range(1, parts)}


def steps(members, axis, patch, edge):
    """Mean squared step at borders of tiles and of patches inside, of each time and member."""
    points = members.shape[axis]
    at_tiles = shares(-(-points // patch), edge)
    found = {True: [], False: []}
    for border in range(1, -(-points // patch)):
        low, high = (np.take(members, border * patch + k, axis) for k in (-1, 0))
        found[border in at_tiles].append((high - low) ** 2)
    return [np.nanmean(np.stack(found[kind]), axis=(0, -1)) if found[kind] else None for kind in (True, False)]


def read(path):
    with netCDF4.Dataset(path) as file:
        name = next(n for n in file.variables if n.endswith("_member"))
        members = np.ma.filled(file[name][:].astype("f8"), np.nan)  # time, member, y, x
    return members - members.mean(axis=1, keepdims=True)


def main():
    patch_y, patch_x, tile = map(int, sys.argv[3:6])
    fields = [read(path) for path in sys.argv[1:3]]
    rng = np.random.default_rng(1)
    for axis, patch, label in ((2, patch_y, "along y"), (3, patch_x, "along x")):
        found = [steps(members, axis, patch, tile) for members in fields]
        if any(part is None for parts in found for part in parts):
            continue
        values = [part.ravel() for parts in found for part in parts]

        def ratio(rows):
            at, inside, base_at, base_inside = (v[rows].mean() for v in values)
            return at / inside / (base_at / base_inside)

        count = values[0].size
        spread = np.std([ratio(rng.integers(0, count, count)) for _ in range(500)])
        print(f"{label}: {ratio(np.arange(count)):.4f} +- {spread:.4f}")


main()
