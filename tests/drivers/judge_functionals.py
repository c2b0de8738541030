"""The mean and standard deviation that podscale-inspect prints, against numpy on the variables of the product and its factors.

judge_functionals.py PRODUCT TABLE SOUTH NORTH WEST EAST [MEMBERS]
"""
import sys

import netCDF4
import numpy as np

from region_masks import region

product, table = sys.argv[1:3]
south, north, west, east = map(float, sys.argv[3:7])
many = sys.argv[7] if len(sys.argv) > 7 and sys.argv[7] else None
d = netCDF4.Dataset(product)
factors = netCDF4.Dataset(product[:-3] + ".factors.nc")
d.set_auto_mask(False)
factors.set_auto_mask(False)
lat, lon = d["lat"][:], d["lon"][:]
phi, tau = factors["phi"][:].astype(float), factors["tau"][:]
ocean = tau < 1e30
tau = np.where(ocean, tau, 0)
phi = np.where(ocean, phi, 0)
py, px = factors.getncattr("podscale_patch_size")
patch = (np.arange(len(lat)) // py)[:, None] * len(factors.dimensions["patch_x"]) + (np.arange(len(lon)) // px)[None]
patches = len(factors.dimensions["patch_y"]) * len(factors.dimensions["patch_x"])


def area():
    edges = np.deg2rad(np.concatenate([[1.5 * lat[0] - 0.5 * lat[1]], 0.5 * (lat[1:] + lat[:-1]), [1.5 * lat[-1] - 0.5 * lat[-2]]]))
    return np.diff(np.sin(edges))[:, None] * np.ones(len(lon))


def box_weights():
    w = area() * ocean * ((lat >= south) & (lat <= north))[:, None] * ((lon >= west) & (lon <= east))[None]
    return w / w.sum()


def fold(w):
    """R w: pairs of ocean points across patch borders, rotated along y, then along x."""
    overlap = int(factors.getncattr("podscale_patch_overlap"))
    w, sea = w.copy(), ocean
    for size in py, px:
        borders = range(size, len(w), size)
        assert overlap == 0 or len(borders) > 0
        for border in borders:
            width = min(overlap, size // 2, min(size, len(w) - border) // 2)
            for j in range(width):
                low, high = border - 1 - j, border + j
                angle = np.pi / 4 * (1 - (j + 0.5) / width)
                both = sea[low] & sea[high]
                a, b = w[low].copy(), w[high].copy()
                w[low] = np.where(both, np.cos(angle) * a - np.sin(angle) * b, a)
                w[high] = np.where(both, np.cos(angle) * b + np.sin(angle) * a, b)
        w, sea = w.T.copy(), sea.T
    return w


def partners(n, size):
    """Of each row, or column: the one across a border that it is rotated with, itself where there is none."""
    overlap, other = int(factors.getncattr("podscale_patch_overlap")), np.arange(n)
    for border in range(size, n, size):
        for j in range(min(overlap, size // 2, min(size, n - border) // 2)):
            other[border - 1 - j], other[border + j] = border + j, border - 1 - j
    return other


def seams(w):
    """D w, by the rows of D: to a point itself, its partner along x, along y, and both."""
    out = np.zeros_like(w)
    row, column = np.arange(w.shape[0]), np.arange(w.shape[1])
    other_row, other_column = partners(len(row), py), partners(len(column), px)
    places = [(row, column), (row, other_column), (other_row, column), (other_row, other_column)]
    for (to_row, to_column), d_of in zip(places, factors["seam_map"][:]):
        np.add.at(out, np.ix_(to_row, to_column), d_of * w)
    return out


def project(w):
    return np.array([[(phi[k] * w)[patch == p].sum() for k in range(len(phi))] for p in range(patches)])  # [patch][mode]


def variance(w, t):
    assert "seam_map" in factors.variables
    inside = fold(seams(w))  # for what is independent from patch to patch
    w = fold(w)
    g, g_inside = project(w), project(inside)
    rest = (inside**2 * tau).sum()
    if "member_factor" in factors.variables:
        f = factors["member_factor"][t].reshape(patches, -1, len(phi))  # [patch][member][mode]
        own = factors["member_own_factor"][t].reshape(patches, -1, len(phi))
        return ((np.einsum("pmk,pk->m", f - own, g) + np.einsum("pmk,pk->m", own, g_inside)) ** 2).sum() + rest
    g, g_inside = (x * factors["patch_spread"][t].reshape(patches, 1) for x in (g, g_inside))
    own = factors["residual_root"][:].reshape(patches, len(phi), len(phi))  # [patch][column][mode]
    own = np.einsum("pck,pk->pc", own, g_inside) ** 2 * factors["latent_variance"][t].reshape(patches, -1)
    across = np.zeros(1)
    if "global_root" in factors.variables:
        root = factors["global_root"][:].reshape(patches, -1, len(phi))
        across = np.einsum("prk,pk->r", root, g) ** 2 * factors["global_latent_variance"][t]
    return own.sum() + across.sum() + rest


rows = [line.split() for line in open(table) if line.strip()[:4] == "2000"]
assert len(rows) == len(d["time"]), (len(rows), len(d["time"]))
w = box_weights()
irregular = area() * ocean * region(lat, lon)
irregular /= irregular.sum()
assert 20 < (irregular > 0).sum() < (ocean & (lat < 32.5)[:, None]).sum()
assert (w > 0).sum() > 20, "the box is too small to test anything"
assert len(set(patch[w > 0])) > 1, "the box must straddle patches"
point = np.zeros_like(w)
# Along great circles (haversine); of points that are equally far the first.
half = np.sin(np.deg2rad(lat - 31) / 2)[:, None] ** 2 + np.cos(np.deg2rad(31)) * np.cos(np.deg2rad(lat))[:, None] * np.sin(
    np.deg2rad(lon + 70) / 2
) ** 2
distance = np.where(ocean, half.round(14), np.inf)
j, i = np.unravel_index(distance.argmin(), distance.shape)
point[j, i] = 1
gradients = []  # their weights, eastward and northward
for dj, di in ((0, 1), (1, 0)):
    assert ocean[j - dj, i - di] and ocean[j + dj, i + di], "the point of the gradients must lie in the open ocean"
    km = 6371 * np.deg2rad(lon[i + 1] - lon[i - 1]) * np.cos(np.deg2rad(lat[j])) if di else 6371 * np.deg2rad(lat[j + 1] - lat[j - 1])
    gradients.append(np.zeros_like(w))
    gradients[-1][j + dj, i + di], gradients[-1][j - dj, i - di] = 1 / km, -1 / km


def agree(found, expected, digits):
    """To the digits that are printed."""
    assert abs(found - expected) <= 10.0 ** (1 - digits) * abs(expected) + 1e-10, (found, expected)


for t, row in enumerate(rows):
    assert len(row) == 11, row
    mean, std, region_mean, region_std, at, at_std, dx, dx_std, dy, dy_std = map(float, row[1:])
    field = np.where(ocean, d["tos"][t], 0)
    for found, found_std, weights in ((mean, std, w), (region_mean, region_std, irregular), (at, at_std, point),
                                      (dx, dx_std, gradients[0]), (dy, dy_std, gradients[1])):
        agree(found, (weights * field).sum(), 7)
        agree(found_std, np.sqrt(variance(weights, t)), 5)
    # A point's variance is that of the field.
    assert abs(at_std - d["tos_std"][t, j, i]) < 2e-5, (at_std, d["tos_std"][t, j, i])
    # The series written at run time is the same.
    assert abs(d["tos_region_mean"][t, 0] - mean) < 2e-5
    assert abs(d["tos_region_std"][t, 0] - std) < 2e-5
    # The parts of the variance add up; the interval is symmetric around the mean.
    parts = sum(d["tos_variance_" + part][t] for part in ("patch", "cross_patch", "truncation", "calibration"))
    assert np.allclose(parts[ocean], d["tos_variance"][t][ocean], rtol=1e-5, atol=1e-7)
    low, high = d["tos_lower"][t][ocean], d["tos_upper"][t][ocean]
    assert np.allclose(high - low, 2 * 1.6448536 * d["tos_std"][t][ocean], rtol=1e-4, atol=1e-5)
    assert np.allclose((high + low) / 2, field[ocean], atol=1e-4)

if many:  # members lack the truncation variance
    members = netCDF4.Dataset(many)["tos_member"]
    for t in (0, len(rows) - 1):
        means = (np.where(ocean, members[t].filled(0), 0) * w).sum(axis=(1, 2))
        expected = variance(w, t) - (w**2 * tau).sum()
        ratio = means.var(ddof=1) / expected
        assert abs(ratio - 1) < 5 * np.sqrt(2 / len(means)), ratio
        apart = means.mean() - (w * np.where(ocean, d["tos"][t], 0)).sum()
        assert abs(apart) < 5 * np.sqrt(expected / len(means)), (apart, expected)
print("functionals agree")
