"""Maps of one region with axes, land and coast line, for podscale_pictures.py."""
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FuncFormatter, MaxNLocator

LAND, COAST, INK = "#c4c2bd", "#3a3a38", "#222222"
# After cmocean's thermal (Thyng et al. 2016, Oceanography 29), which no Debian package of Python brings along.
THERMAL = LinearSegmentedColormap.from_list(
    "thermal", ["#042333", "#14397f", "#573b93", "#8b538d", "#c1607f", "#ee785a", "#fbae3d", "#e8fa5b"], 512)


def edges(centres):
    """Cell edges half-way between centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[centres[0] - (middle[0] - centres[0])], middle, [centres[-1] + (centres[-1] - middle[-1])]])


def degrees(value, positive, negative):
    """25.5, 'N', 'S' -> 25.5 degrees N; longitudes beyond 180 count from the other side."""
    if positive == "E":
        value = (value + 180) % 360 - 180
    if value == 0 or abs(value) == 180:
        return f"{abs(value):g}°"
    return f"{abs(value):g}°{positive if value > 0 else negative}"


def corners(centres):
    """Corners of cells around centres [ny, nx]: the mean of the four centres around each, carried on beyond the edges."""
    for axis in (0, 1):
        first, last = np.take(centres, [0], axis), np.take(centres, [-1], axis)
        if centres.shape[axis] > 1:
            first, last = 2 * first - np.take(centres, [1], axis), 2 * last - np.take(centres, [-2], axis)
        centres = np.concatenate([first, centres, last], axis)
        lower, upper = [slice(None)] * 2, [slice(None)] * 2
        lower[axis], upper[axis] = slice(None, -1), slice(1, None)
        centres = 0.5 * (centres[tuple(lower)] + centres[tuple(upper)])
    return centres


def places(data):
    """Corners [ny + 1, nx + 1] of the cells (x, y), unit of the axes, "" of images, and whether it is degrees of the earth."""
    rows, columns = data["ocean_mask"].dimensions
    if "mesh_pixel" in data.ncattrs():
        x, y = np.meshgrid(*(data.mesh_pixel * np.arange(n + 1) for n in data["ocean_mask"].shape[::-1]))
        return x, y, "", False
    if (rows, columns) in (("lat", "lon"), ("y", "x")) and columns in data.variables:  # axes
        x, y = np.meshgrid(edges(np.asarray(data[columns][...])), edges(np.asarray(data[rows][...])))
        units = data[columns].units
        if units == "m" and max(np.ptp(x), np.ptp(y)) >= 1e4:  # a map's numbers in metres are too long for ticks
            x, y, units = x / 1000, y / 1000, "km"
        return x, y, units, rows == "lat"
    names = [name for name in data["ocean_mask"].coordinates.split() if name not in ("lat", "lon")] or ["lat", "lon"]
    y, x = (np.ma.filled(data[name][...].astype(float), np.nan) for name in names)
    degrees_ = names == ["lat", "lon"]
    if degrees_:  # longitudes around the middle of the mesh, so that no cell goes round the globe
        middle = np.rad2deg(np.angle(np.nanmean(np.exp(1j * np.deg2rad(x)))))
        x = middle + (x - middle + 180) % 360 - 180
    return corners(x), corners(y), data[names[1]].units, degrees_


class Maps:
    """Maps of one region, all with the same axes, land and coast line."""

    def __init__(self, data):
        self.ocean = np.ma.filled(data["ocean_mask"][...], 0) == 1
        self.x, self.y, self.unit, self.degrees = places(data)
        # Cells without a place, or across the cut of the longitudes, are not drawn.
        low, high = (pick([self.x[:-1, :-1], self.x[1:, :-1], self.x[:-1, 1:], self.x[1:, 1:]], axis=0)
                     for pick in (np.min, np.max))
        self.drawn = np.isfinite(low + self.y[1:, 1:] + self.y[:-1, :-1] + self.y[1:, :-1] + self.y[:-1, 1:])
        if self.degrees:
            self.drawn &= high - low < 180
        self.rectangle = np.ptp(self.x[:, 0]) == 0 and np.ptp(self.y[0]) == 0  # else parts of a panel are no mesh
        self.limits = [(np.nanmin(values), np.nanmax(values)) for values in (self.x, self.y)]
        if not self.unit:
            self.limits[1] = self.limits[1][::-1]  # images count rows from the top
        self.x, self.y = (np.where(np.isfinite(values), values, np.nanmean(values)) for values in (self.x, self.y))
        middle = 0.5 * sum(self.limits[1])
        self.aspect = 1 / max(0.2, np.cos(np.deg2rad(middle))) if self.degrees else 1
        self.ratio = np.ptp(self.limits[0]) / (np.ptp(self.limits[1]) * self.aspect)
        ocean, drawn = self.ocean, self.drawn
        lines = [[(self.x[j, i], self.y[j, i]), (self.x[j + 1, i], self.y[j + 1, i])] for j, i in zip(*np.nonzero(
            (ocean[:, 1:] != ocean[:, :-1]) & drawn[:, 1:] & drawn[:, :-1])) for i in [i + 1]]
        lines += [[(self.x[j, i], self.y[j, i]), (self.x[j, i + 1], self.y[j, i + 1])] for j, i in zip(*np.nonzero(
            (ocean[1:, :] != ocean[:-1, :]) & drawn[1:, :] & drawn[:-1, :])) for j in [j + 1]]
        self.coast = lines

    def draw(self, axes, field, title, cmap, limits, label_y=True):
        axes.set_facecolor(LAND if self.rectangle else "#ffffff")
        shown = np.ma.filled(np.ma.masked_where(~self.ocean | ~self.drawn, field).astype(float), np.nan)
        shown = np.ma.masked_invalid(shown)
        # Ocean without a value stays white, land is grey.
        for cells, colour in ((self.ocean, "#ffffff"), (~self.ocean, LAND))[: 1 if self.rectangle else 2]:
            axes.pcolormesh(self.x, self.y, np.where(cells & self.drawn, 0, np.nan), rasterized=True,
                            cmap=LinearSegmentedColormap.from_list("gap", [colour, colour]))
        mesh = axes.pcolormesh(self.x, self.y, shown, cmap=cmap, vmin=limits[0], vmax=limits[1], rasterized=True)
        size = np.sqrt(self.ocean.size)
        axes.add_collection(LineCollection(self.coast, colors=COAST, linewidths=np.clip(80 / size, 0.25, 1.1),
                                           capstyle="round"))
        axes.set_xlim(*self.limits[0])
        axes.set_ylim(*self.limits[1])
        axes.set_aspect(self.aspect)
        axes.set_title(title, fontsize=11.5, color=INK, loc="left", pad=5)
        for axis, low_high, count in ((axes.xaxis, self.limits[0], 4), (axes.yaxis, self.limits[1], 5)):
            wide = self.degrees and np.ptp(low_high) > 60  # then multiples of 15, 30, 60 degrees
            axis.set_major_locator(MaxNLocator(count, steps=[1, 1.5, 3, 6, 9, 10] if wide else [1, 2, 3, 5, 6, 10]))
        if self.degrees:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: degrees(round(v, 6), "E", "W")))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: degrees(round(v, 6), "N", "S")))
        elif self.unit:
            for axis in axes.xaxis, axes.yaxis:
                axis.set_major_formatter(FuncFormatter(lambda v, _: f"{round(v, 6):g} {self.unit}".replace("-", "−")))
        elif label_y:
            axes.annotate("column, row", (0, 0), (-4, -5), "axes fraction", "offset points", fontsize=7, color=INK,
                          ha="right", va="top")
        axes.tick_params(labelsize=8.5, colors=INK, length=3, width=0.6, labelleft=label_y)
        for spine in axes.spines.values():
            spine.set_linewidth(0.6)
        return mesh
