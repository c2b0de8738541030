"""Scores as bars, the series at one point, and skill by age and by lead, for podscale_pictures.py."""
import netCDF4
import numpy as np
from matplotlib.ticker import MaxNLocator

from podscale_maps import INK, degrees

ORDER = {"podscale": "#c1432e"}


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
