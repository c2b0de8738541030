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

sys.dont_write_bytecode = True  # the folder of the scripts may be one that is installed, or under version control
try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import netCDF4
    import numpy as np
except ImportError as error:
    sys.exit(f"podscale_pictures.py: {error}: install it, on Debian: apt install python3-matplotlib python3-netcdf4")

from podscale_curves import SKILL_BY, Series, draw_curves, draw_scores, skill_by
from podscale_image_panels import draw_panels
from podscale_maps import INK, THERMAL, Maps
from podscale_sheet import Sheet


def span(fields, low=1, high=99):
    """Limits that a few odd points can't stretch."""
    values = np.concatenate([np.ma.masked_invalid(field).compressed() for field in fields])
    if values.size == 0:
        return 0.0, 1.0
    limits = np.percentile(values, [low, high])
    return (limits[0], limits[1]) if limits[1] > limits[0] else (limits[0] - 0.5, limits[1] + 0.5)


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
