#!/usr/bin/env python3
"""Draws the maps of one time and the scores of a period from scores.nc, or the fields of podscale-inspect --picture.

usage: podscale_pictures.py scores.nc picture.png [format: that of the name]
       podscale_pictures.py --ages picture.png scores.nc [more scores.nc]

LR input, downscaled mean and truth on one colour scale, and the standard deviation; two members on the scale of the mean,
the error of that time, and the scores as bars; the RMSE over the period of the product and of the second system, and the
series at the point of largest spread; the skill by age of the analysis and by lead, where there are some. Wide fields, as
global ones, have mean and standard deviation large. Land is grey, the coast line follows the cells of the mask. Needs matplotlib and netCDF4 (Debian: python3-matplotlib python3-netcdf4).
"""
import io
import os
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import netCDF4
    import numpy as np
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import FuncFormatter, MaxNLocator
except ImportError as error:
    sys.exit(f"podscale_pictures.py: {error}: install it, on Debian: apt install python3-matplotlib python3-netcdf4")

LAND, COAST, INK = "#c4c2bd", "#3a3a38", "#222222"
# After cmocean's thermal (Thyng et al. 2016, Oceanography 29), which no Debian package of Python brings along.
THERMAL = LinearSegmentedColormap.from_list(
    "thermal", ["#042333", "#14397f", "#573b93", "#8b538d", "#c1607f", "#ee785a", "#fbae3d", "#e8fa5b"], 512)
ORDER = {"podscale": "#c1432e"}


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


class Sheet:
    """Rows of panels at places given in inches, colour bars below: maps of all shapes end up aligned."""

    left, gap, top, middle, bottom, bar_height = 0.72, 0.55, 0.95, 1.18, 0.85, 0.13
    curve_height = 2.5
    # Names of the panels of each row; a name again: over two columns.
    upright = [["low", "mean", "truth", "std"], ["member 1", "member 2", "error", "scores"],
               ["rmse", "baseline", "series", "series"]]
    wide = [["mean", "std"], ["low", "truth", "error"], ["member 1", "member 2", "scores"], ["rmse", "baseline", "series"]]
    # Without members and without a series.
    few = {True: [["mean", "std"], ["low", "truth", "error"], ["rmse", "baseline", "scores"]],
           False: [["low", "mean", "truth", "std"], ["error", "rmse", "baseline", "scores"]]}

    def __init__(self, ratio, row=None, members=False, series=False, curves=()):
        """row: names of panels side by side; else those of scores. curves: rows of three panels below, by name."""
        self.is_wide = not row and ratio > 1.5  # global fields: mean and standard deviation large
        rows = [row] if row else list(self.wide if self.is_wide else self.upright) if members else list(self.few[self.is_wide])
        if members and not series:
            rows[-1] = [name for name in rows[-1] if name != "series"]
        if series and not members:
            rows.append(["series"])
        if row:
            height = min((3.3 if len(row) > 1 else 7) / ratio, 4.2 if len(row) > 1 else 7)
            self.widths, self.heights = [height * ratio], [height]
            width = len(row) * self.widths[0] + (len(row) - 1) * self.gap
        elif self.is_wide:
            width = 13.0
            self.widths = [(width - (n - 1) * self.gap) / n for n in [2] + [3] * (len(rows) - 1)]
            self.heights = [w / ratio for w in self.widths]
        else:
            height = min(3.3 / ratio, 4.2)
            self.widths, self.heights = [height * ratio if ratio < 1 else 3.3] * len(rows), [height] * len(rows)
            width = 4 * self.widths[0] + 3 * self.gap
        self.of, self.columns = {}, {}
        for r, names in enumerate(rows):
            for column, name in enumerate(names):
                self.of.setdefault(name, (r, column))
                self.columns[name] = self.columns.get(name, 0) + 1
        if rows[-1] == ["series"]:  # alone in its row
            self.widths[-1], self.heights[-1] = width, self.curve_height
        self.three = (width - 2 * self.gap) / 3
        for name in curves:
            for column in range(3):
                self.of[f"{name} {column}"] = (len(rows), column)
            rows.append(name)
            self.widths.append(self.three)
            self.heights.append(self.curve_height)
        self.size = (self.left + width + 0.75,
                     self.top + sum(self.heights) + (len(self.heights) - 1) * self.middle + self.bottom)
        self.figure = plt.figure(figsize=self.size)

    def place(self, x, y, width, height):
        return self.figure.add_axes([x / self.size[0], y / self.size[1], width / self.size[0], height / self.size[1]])

    def corner(self, row, column):
        x = self.left + column * (self.widths[row] + self.gap) + (0.45 if column == 3 else 0)
        return x, self.size[1] - self.top - sum(self.heights[: row + 1]) - row * self.middle

    def panel(self, name, inset=0):
        row, column = self.of[name]
        x, y = self.corner(row, column)
        right = self.corner(row, column + self.columns.get(name, 1) - 1)[0] + self.widths[row]
        return self.place(x + inset, y, right - x - inset, self.heights[row])

    def below(self, name):
        """Middle of the strip below a panel where colour bars lie, as a part of the figure."""
        row, column = self.of[name]
        x, y = self.corner(row, column)
        right = self.corner(row, column + self.columns.get(name, 1) - 1)[0] + self.widths[row]
        return 0.5 * (x + right) / self.size[0], (y - 0.56) / self.size[1]

    def first(self, name):
        return self.of[name][1] == 0

    def bar(self, mesh, first, last, label, extend="neither"):
        row = self.of[first][0]
        x, y = self.corner(*self.of[first])
        length = self.corner(*self.of[last])[0] + self.widths[row] - x
        bar = self.figure.colorbar(mesh, cax=self.place(x, y - 0.45, length, self.bar_height), orientation="horizontal",
                                   extend=extend, extendfrac=0.15 / length)
        bar.set_label(label, fontsize=9, color=INK, labelpad=2)
        bar.ax.tick_params(labelsize=8.5, length=2.5, width=0.5, colors=INK)
        bar.outline.set_linewidth(0.5)
        bar.locator = MaxNLocator(max(4, round(1.2 * length)), steps=[1, 2, 2.5, 5, 10])
        bar.update_ticks()


def span(fields, low=1, high=99):
    """Limits that a few odd points can't stretch."""
    values = np.concatenate([np.ma.masked_invalid(field).compressed() for field in fields])
    if values.size == 0:
        return 0.0, 1.0
    limits = np.percentile(values, [low, high])
    return (limits[0], limits[1]) if limits[1] > limits[0] else (limits[0] - 0.5, limits[1] + 0.5)


def draw_scores(axes, names, rmse, crps, unit):
    """RMSE and CRPS of every system as bars, the product in colour."""
    place = np.arange(len(names))[::-1]
    points = 72 * axes.get_position().height * axes.figure.get_figheight() / len(names)  # room of a system
    size = min(8.5, 0.38 * points)
    colours = [ORDER.get(name, "#9aa7b1") for name in names]
    axes.barh(place + 0.2, rmse, 0.36, color=colours)
    axes.barh(place - 0.2, crps, 0.36, color=colours, alpha=0.45)
    longest = np.nanmax(rmse) or 1
    for where, values, text in ((0.2, rmse, "RMSE"), (-0.2, crps, "CRPS")):
        for y, value in zip(place + where, values):
            axes.text(value + 0.015 * longest, y, number_text(value, longest) + (f"  {text}" if y > len(names) - 1.5 else ""),
                      va="center", fontsize=size, color=INK)
    axes.set_yticks(place)
    axes.set_yticklabels([name.replace("_", "\n" if points > 24 else " ", 1).replace("_", " ") for name in names], fontsize=min(9, 0.5 * points))
    axes.set_xlim(0, 1.25 * longest)
    axes.set_title("Scores over the period" + (f" ({unit})" if unit else ""), fontsize=11.5, color=INK, loc="left", pad=5)
    axes.tick_params(labelsize=8, length=0, colors=INK)
    axes.set_xticks([])
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_linewidth(0.6)


def number_text(value, largest):
    return f"{value:.3f}" if 0.05 <= largest < 1000 else f"{value:.3g}"


def shown_unit(units):
    """As people write it; nothing for pure numbers."""
    names = ("degC", "Celsius", "degree_Celsius", "degrees_C", "celsius")
    return "°C" if units in names else "" if units == "1" else units


def dates_of(variable, hours):
    times = netCDF4.num2date(np.atleast_1d(variable[...]), variable.units, variable.calendar)
    return [time.strftime("%Y-%m-%d %H:%M" if hours else "%Y-%m-%d") for time in times]


def is_subdaily(variable):
    """Whether the hour tells times apart: daily means at noon need none in their labels."""
    return len(set(dates_of(variable, False))) < variable.size


def draw_fields(data):
    """Panels side by side: a field, and over a sample of times its mean and standard deviation."""
    maps = Maps(data)
    names = [n for n in ("picture_field", "picture_average", "picture_spread") if n in data.variables]
    sheet = Sheet(maps.ratio, names)
    sheet.figure.text(sheet.left / sheet.size[0], 1 - 0.32 / sheet.size[1], data.title, fontsize=13, ha="left",
                      va="center", color=INK, weight="bold")
    common = names[:2]
    limits = span([data[name][...] for name in common], 0.5, 99.5)
    unit = shown_unit(getattr(data[names[0]], "units", ""))
    for name in names:
        field, spread = data[name][...], name not in common
        mesh = maps.draw(sheet.panel(name), field, data[name].long_name, "YlGnBu" if spread else THERMAL,
                         span([field], 0.5, 99.5) if spread else limits, sheet.first(name))
        if spread:
            sheet.bar(mesh, name, name, "K" if unit == "°C" else unit, "both")
        elif name == common[-1]:
            sheet.bar(mesh, common[0], name, unit, "both")
    return sheet.figure


def draw(source, target, form):
    with netCDF4.Dataset(source) as data:
        if "panel_mean" in data.variables:
            from podscale_image_panels import draw_panels
            return save(draw_panels(data), target, form)
        if "picture_field" in data.variables:
            return save(draw_fields(data), target, form)
        if "picture_mean" not in data.variables:
            sys.exit(f"podscale_pictures.py: {source} holds no picture fields: run podscale-verify again")
        maps = Maps(data)
        names = data["system"].flag_meanings.split()
        coarse, mean, truth = (data["picture_" + name][...] for name in ("low_resolution", "mean", "truth"))
        deviation = data["picture_deviation"][...] if "picture_deviation" in data.variables else None
        members = data["picture_member"][:2] if "picture_member" in data.variables else []
        units, title = data["picture_truth"].units, data.title.replace("scores of ", "", 1)
        difference = shown_unit(data["rmse_map"].units)
        hours = is_subdaily(data["time"])
        date, period = dates_of(data["picture_time"], hours)[0], dates_of(data["time"], hours)
        rmse_map, rmse, crps = data["rmse_map"][...], data["rmse"][...], data["crps"][...]
        series = Series(data, maps.degrees) if "point_mean" in data.variables and data["point_mean"].size > 1 else None
        skill = {name: found for name in SKILL_BY if (found := skill_by(data, name))}
    unit = shown_unit(units)
    number = 1 if len(names) > 1 else 0  # the baseline to compare with comes right after the product

    sheet = Sheet(maps.ratio, members=len(members) == 2, series=series is not None, curves=skill)
    sheet.figure.text(sheet.left / sheet.size[0], 1 - 0.32 / sheet.size[1], f"{title[:1].upper()}{title[1:]}, {date}",
                      fontsize=15, ha="left", va="center", color=INK, weight="bold")
    limits = span([coarse, mean, truth], 0.5, 99.5)
    fields = [("low", coarse, "Low-resolution input"), ("mean", mean, "Downscaled mean"), ("truth", truth, "Truth")]
    fields += [(f"member {m + 1}", member, f"Member {m + 1}") for m, member in enumerate(members)]
    for name, field, text in fields:
        mesh = maps.draw(sheet.panel(name), field, text, THERMAL, limits, sheet.first(name))
        if sheet.is_wide and name == "mean":
            sheet.bar(mesh, "mean", "mean", unit, "both")
    for first, last in [("low", "truth"), ("member 1", "member 2")][: 2 if len(members) == 2 else 1]:
        sheet.bar(mesh, first, last, unit, "both")
    if deviation is not None:
        low, high = span([deviation], 0.5, 99.5)
        low = max(0, min(low, 0.7 * high))  # a nearly even field keeps a calm colour
        mesh = maps.draw(sheet.panel("std"), deviation, "Standard deviation", "YlGnBu", (low, high), False)
        sheet.bar(mesh, "std", "std", difference, "both")

    error = mean - truth
    most = max(np.abs(span([error], 1, 99)))
    mesh = maps.draw(sheet.panel("error"), error, "Error: mean minus truth", "RdBu_r", (-most, most), sheet.first("error"))
    sheet.bar(mesh, "error", "error", difference, "both")
    low, high = span([rmse_map[0], rmse_map[number]], 0, 99)
    shared = (0.8 * low, high)
    mesh = maps.draw(sheet.panel("rmse"), rmse_map[0], f"RMSE of {names[0]}", "magma_r", shared, sheet.first("rmse"))
    baseline = names[number].replace("_", " ")
    maps.draw(sheet.panel("baseline"), rmse_map[number], f"RMSE of {baseline}", "magma_r", shared, False)
    sheet.bar(mesh, "rmse", "baseline", f"{difference + ', ' if difference else ''}{period[0]} to {period[-1]}", "max")
    draw_scores(sheet.panel("scores", 0.8 if sheet.is_wide else 0.3), names, np.ma.filled(rmse, np.nan),
                np.ma.filled(crps, np.nan), difference)
    if series:
        series.draw(sheet, unit)
    for name, found in skill.items():
        panels = [sheet.panel(f"{name} {column}") for column in range(3)]
        draw_curves(panels, found, difference, SKILL_BY[name][1])
        sheet.figure.legend(*panels[0].get_legend_handles_labels(), loc="center", fontsize=8.5, frameon=False,
                            ncol=len(found), bbox_to_anchor=(0.5, (sheet.corner(*sheet.of[f"{name} 0"])[1] - 0.7) / sheet.size[1]))
    save(sheet.figure, target, form)


class Series:
    """The mean with its 90 % interval, the truth and the interpolated LR field at one point."""

    def __init__(self, data, is_degrees):
        self.dates = netCDF4.num2date(data["point_time"][...], data["point_time"].units, data["point_time"].calendar)
        self.days = np.array([(date - self.dates[0]).total_seconds() / 86400 for date in self.dates])
        self.values = {name: np.ma.filled(data["point_" + name][...].astype(float), np.nan)
                       for name in ("mean", "half_width", "truth", "interpolated")}
        y, x = np.asarray(data["point_position"][...])
        self.place = (f"{degrees(round(y, 2), 'N', 'S')}, {degrees(round(x, 2), 'E', 'W')}" if is_degrees
                      else f"y, x = {y:g}, {x:g}")

    def ticks(self, most):
        """Days and their labels: first days of months where there are some, else steps."""
        long = self.days[-1] - self.days[0] > 75
        at = [k for k, date in enumerate(self.dates)
              if not long or k == 0 or (date.year, date.month) != (self.dates[k - 1].year, self.dates[k - 1].month)]
        if long and len(at) > 2 and self.days[at[1]] - self.days[0] < 20:
            at = at[1:]  # a month that has hardly begun
        at = at[:: -(-len(at) // most)]
        return self.days[at], [self.dates[k].strftime("%Y-%m" if long else "%m-%d") for k in at]

    def draw(self, sheet, unit):
        axes = sheet.panel("series", 0.45)
        mean, half, truth, coarse = (self.values[name] for name in ("mean", "half_width", "truth", "interpolated"))
        dots = {"marker": "o", "ms": 3} if len(mean) < 40 else {}
        if np.isfinite(half).any():
            axes.fill_between(self.days, mean - half, mean + half, color=ORDER["podscale"], alpha=0.22, lw=0,
                              label="90 % interval")
        axes.plot(self.days, coarse, color="#7b8b97", lw=1, label="interpolated anomaly", **dots)
        axes.plot(self.days, mean, color=ORDER["podscale"], lw=1.5, label="mean", **dots)
        axes.plot(self.days, truth, color=INK, lw=1.1, label="truth", **dots)
        inches = axes.get_position().width * sheet.size[0]
        words = "Largest spread: " if inches < 4 else "At the point of largest spread, "
        axes.set_title(words + self.place + (f" ({unit})" if unit else ""), fontsize=10 if inches < 4 else 11.5, color=INK,
                       loc="left", pad=5)
        axes.set_xticks(*self.ticks(max(2, int(inches / 1.1))))
        axes.set_xlim(self.days[0], self.days[-1])
        axes.tick_params(labelsize=8.5, colors=INK, length=3, width=0.6)
        axes.yaxis.set_major_locator(MaxNLocator(6))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        sheet.figure.legend(*axes.get_legend_handles_labels(), loc="center", bbox_to_anchor=sheet.below("series"),
                            ncol=4 if inches > 5.5 else 2, fontsize=8.5, frameon=False)


# By what skill is drawn: the variable of scores.nc, words for the axis, and the names of RMSE, CRPS and coverage.
SKILL_BY = {"age": ("history_age", "age of the HR analysis, days", "{}_by_age"),
            "lead": ("lead", "lead, days", "lead_{}")}


def skill_by(data, what, least=2):
    """{system: {age or lead: (rmse, crps, coverage)}}; nothing where scores.nc has none, or fewer ages than least."""
    key, _, pattern = SKILL_BY[what]
    if pattern.format("rmse") not in data.variables:
        return {}
    names = data["system"].flag_meanings.split()
    at = np.ma.filled(data[key][...].astype(float), np.nan)
    if np.isfinite(at).sum() < least:
        return {}
    tables = [np.ma.filled(data[pattern.format(name)][...].astype(float), np.nan)
              for name in ("rmse", "crps", "coverage_90")]
    return {name: {x: [table[g, s] for table in tables] for g, x in enumerate(at) if np.isfinite(x)}
            for s, name in enumerate(names) if name not in ("pod_bound", "bicubic", "bilinear")}


def draw_curves(panels, found, unit, label):
    """RMSE, CRPS and coverage of systems, one panel each. found: as skill_by()."""
    colours = ["#c1432e", "#3b6ea5", "#5a8f3d", "#8a6bbf", "#b5892e", "#777777", "#2f9c95", "#444444"]
    for number, (name, rows) in enumerate(found.items()):
        at = sorted(rows)
        for column, panel in enumerate(panels):
            values = [rows[x][column] for x in at]
            if np.isfinite(values).any():
                panel.plot(at, values, marker="o", ms=4, lw=2 if number == 0 else 1.2, label=name.replace("_", " "),
                           color=colours[number % len(colours)])
    panels[2].yaxis.set_major_locator(MaxNLocator(5))
    panels[2].axhline(0.9, color=INK, lw=0.6, ls=":")
    panels[2].set_ylim(min(0.8, panels[2].get_ylim()[0]), 1)
    titles = ("RMSE", "CRPS (without a variance: MAE)", "Truths in the central 90 % interval")
    for panel, title in zip(panels, titles):
        panel.set_title(title + (f", {unit}" if unit and panel is not panels[2] else ""), fontsize=11, loc="left", color=INK)
        panel.set_xlabel(label, fontsize=9, labelpad=2)
        panel.tick_params(labelsize=8.5)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    for panel in panels[:2]:
        panel.set_ylim(bottom=0)


def draw_ages(sources, target):
    """RMSE, CRPS and coverage against the age of the HR analysis, of one or several scores files."""
    found, unit = {}, ""
    for source in sources:
        with netCDF4.Dataset(source) as data:
            if "rmse_by_age" not in data.variables:
                sys.exit(f"podscale_pictures.py: {source} holds no scores by age: its product was told of no analysis")
            unit = shown_unit(data["rmse_by_age"].units)
            for name, rows in skill_by(data, "age", 1).items():
                found.setdefault(name, {}).update(rows)
    figure, panels = plt.subplots(1, 3, figsize=(12.5, 4.2))
    draw_curves(panels, found, unit, SKILL_BY["age"][1])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncol=len(found), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    save(figure, target, os.path.splitext(target)[1].lstrip(".") or "png")


def save(figure, target, form):
    picture = io.BytesIO()  # whole before it is written: some formats fail in many words on a full disk
    figure.savefig(picture, dpi=130, facecolor="white", format=form)
    try:
        with open(target, "wb") as file:
            file.write(picture.getvalue())
    except OSError as error:
        sys.exit(f"podscale_pictures.py: {error}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ages"] and len(sys.argv) > 3:
        draw_ages(sys.argv[3:], sys.argv[2])
        sys.exit()
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__.strip().split("\n\n")[1])
    draw(sys.argv[1], sys.argv[2], (sys.argv[3:] or [os.path.splitext(sys.argv[2])[1]])[0].lstrip(".") or "png")
