#!/usr/bin/env python3
"""A free-running climate model whose high-resolution truth is known, and the scores of what was downscaled from it.

usage: climate_model.py make HR_FILE FACTOR REALIZATION MODEL_FILE [CELL]
       climate_model.py score HR_FILE REALIZATIONS PRODUCT              (all realizations, along an axis of their own)

The truth is made from the modes (EOFs) of the years of HR_FILE in the training period: of the anomalies of twelve months in
a row, trend taken off, so that months keep their own variance and follow each other as in the data. Each mode gets the
years of its amplitude in an order of its own, all of them before any comes again: no field is one that was. Amplitudes are raised a little, so that 17 such years
vary about a straight line as much as those of the data do. It warms by 2 K in 40 years.
The model is its mean over FACTOR x FACTOR points with a bias pattern, the anomalies times sqrt(1.5), in a
calendar of 360 days; with CELL the same on cells of CELL x CELL points, a mesh of its own. Needs netCDF4 and numpy.
"""
import sys

import netCDF4
import numpy as np

FIRST, YEARS, TRAIN = 1985, 40, (1985, 2001)
CENTRE = 0.5 * (TRAIN[0] + TRAIN[1] + 1)  # the warming is 0 there: the climate of the reference is that of the data
WARMING = 2.0 / YEARS                     # K a year
VARIANCE = 1.5


class Truth:
    def __init__(self, path):
        with netCDF4.Dataset(path) as data:
            field = np.ma.filled(data["sst"][...].astype(np.float64), np.nan)
            dates = netCDF4.num2date(data["time"][...], data["time"].units, data["time"].calendar)
            self.lat, self.lon = np.array(data["lat"]), np.array(data["lon"])
        years = np.array([d.year for d in dates])
        self.ocean = np.isfinite(field).all(axis=0)
        weight = np.broadcast_to(np.cos(np.deg2rad(self.lat))[:, None], self.ocean.shape)[self.ocean]
        self.weight = weight / weight.sum()
        data = field[(years >= TRAIN[0]) & (years <= TRAIN[1])][:, self.ocean].reshape(-1, 12, self.weight.size)
        self.climatology = data.mean(axis=0)
        anomaly = (data - data.mean(axis=0)).reshape(-1, self.weight.size)
        time = np.arange(len(anomaly)) - 0.5 * (len(anomaly) - 1)
        anomaly -= np.outer(time, time @ anomaly / (time @ time))
        of_years = anomaly.reshape(len(data), -1) * np.tile(np.sqrt(self.weight), 12)
        values, vectors = np.linalg.eigh(of_years @ of_years.T)
        keep = values > 1e-10 * values[-1]
        self.amplitude = vectors[:, keep] * np.sqrt(values[keep])  # [years, modes]
        self.modes = self.amplitude.T @ anomaly.reshape(len(data), -1) / values[keep][:, None]
        self.raised = 1.0
        rng, years = np.random.default_rng(0), len(data)
        left = np.mean([np.mean(deseasonalised(self.shuffled(rng, years), np.arange(12.0 * years))[0]**2 @ self.weight)
                        for _ in range(30)])
        self.raised = np.sqrt(np.mean(anomaly**2 @ self.weight) / left)
        lat, lon = (a[self.ocean] for a in np.meshgrid(np.deg2rad(self.lat), np.deg2rad(self.lon), indexing="ij"))
        self.pattern = 1 + 0.3 * np.cos(lat) * np.cos(2 * lon)
        self.bias = 1.0 + 1.5 * np.cos(lat) * np.sin(2 * lon)
        self.seasonal_bias = 0.5 * np.sin(lat)
        self.month = np.arange(12 * YEARS) % 12
        self.year = FIRST + (np.arange(12 * YEARS) + 0.5) / 12

    def shuffled(self, random, years):
        """[months, points] of so many years."""
        n, modes = self.amplitude.shape
        orders = np.stack([np.concatenate([random.permutation(n) for _ in range(years // n + 1)])[:years]
                           for _ in range(modes)], axis=1)
        new = np.take_along_axis(self.amplitude, orders, axis=0) * self.raised
        return (new @ self.modes).reshape(12 * years, -1)

    def anomaly(self, realization):
        return self.shuffled(np.random.default_rng(1000 + realization), YEARS)

    def warming(self):
        return np.outer(WARMING * (self.year - CENTRE), self.pattern)

    def field(self, realization):
        return self.climatology[self.month] + self.anomaly(realization) + self.warming()

    def model(self, realization):
        season = np.cos(2 * np.pi * (self.month + 0.5) / 12)
        return (self.climatology[self.month] + np.sqrt(VARIANCE) * self.anomaly(realization) + self.warming() + self.bias
                + np.outer(season, self.seasonal_bias))


def make(path, factor, realization, output, cell=None):
    truth = Truth(path)
    cell = cell or factor
    shape = truth.ocean.shape[0] // cell, truth.ocean.shape[1] // cell
    fine = np.full((12 * YEARS, *truth.ocean.shape), np.nan)
    fine[:, truth.ocean] = truth.model(realization)
    blocks = fine.reshape(len(fine), shape[0], cell, shape[1], cell)
    counts = np.isfinite(blocks).sum(axis=(2, 4))
    means = np.nansum(blocks, axis=(2, 4)) / np.where(counts > 0, counts, np.nan)
    with netCDF4.Dataset(output, "w") as file:
        for name, values, units in (("lat", truth.lat.reshape(-1, cell).mean(1), "degrees_north"),
                                    ("lon", truth.lon.reshape(-1, cell).mean(1), "degrees_east")):
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = values
        file.createDimension("time", None)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = f"days since {FIRST}-01-01", "360_day"
        time[:] = 15 + 30 * np.arange(12 * YEARS)
        sst = file.createVariable("tos", "f4", ("time", "lat", "lon"), fill_value=1e20)
        sst.units, sst.standard_name, sst.cell_methods = "degC", "sea_surface_temperature", "time: mean"
        sst[:] = np.ma.masked_invalid(means)


def deseasonalised(field, year):
    """Anomalies from the mean of each month and the line that is left, and that line's slope."""
    anomaly = (field.reshape(-1, 12, field.shape[1]) - field.reshape(-1, 12, field.shape[1]).mean(axis=0)).reshape(field.shape)
    time = year - year.mean()
    slope = time @ anomaly / (time @ time)
    return anomaly - np.outer(time, slope), slope


def score(path, realizations, path_of_product):
    truth = Truth(path)
    late = truth.year >= FIRST + YEARS - 20
    mean = lambda field: float(field @ truth.weight)
    sums = {name: 0.0 for name in ("truth", "truth2", "mean", "mean2")}
    table, split = [], {}
    for r in range(1, realizations + 1):
        true = truth.field(r)
        with netCDF4.Dataset(path_of_product) as product:
            name = "sst" if "sst" in product.variables else "tos"
            rows = slice(None, None, -1 if (product["lat"][1] > product["lat"][0]) != (truth.lat[1] > truth.lat[0]) else 1)
            at = list(product["realization"][:]).index(r)
            found, variance = (np.ma.filled(product[n][:, at, rows].astype(np.float64), np.nan)[:, truth.ocean]
                               for n in (name, f"{name}_variance"))
            for n, found_by in (("within", f"{name}_within_variance"), ("between", f"{name}_between_variance")):
                if r == 1:
                    split[n] = mean(np.ma.filled(product[found_by][:, rows].astype(np.float64), np.nan)[:, truth.ocean].mean(axis=0))
        error = found[late].mean(axis=0) - true[late].mean(axis=0)
        true_anomaly, true_slope = deseasonalised(true, truth.year)
        anomaly, slope = deseasonalised(found, truth.year)
        within = variance.mean(axis=0)
        table.append((mean(error), np.sqrt(mean(error**2)), 100 * (mean(slope) / mean(true_slope) - 1),
                     mean((anomaly**2).mean(axis=0)), mean(within), mean((true_anomaly**2).mean(axis=0)),
                     mean(((anomaly - true_anomaly)**2).mean(axis=0))))
        for name, value in (("truth", true_anomaly), ("mean", anomaly)):
            sums[name] = sums[name] + value
            sums[name + "2"] = sums[name + "2"] + value**2
    print("realization  error of climate K  its rms K  trend %   var of mean  within  sum / truth  error^2 / within")
    table = np.array(table)
    for label, row in [*((str(i + 1), row) for i, row in enumerate(table)), ("all", table.mean(axis=0))]:
        print(f"{label:>11} {row[0]:17.3f} {row[1]:10.3f} {row[2]:8.2f} {row[3]:13.4f} {row[4]:7.4f} "
              f"{(row[3] + row[4]) / row[5]:12.3f} {row[6] / row[4]:17.3f}")
    between = {}
    for name in ("truth", "mean"):
        between[name] = mean(((sums[name + "2"] - sums[name]**2 / realizations) / max(1, realizations - 1)).mean(axis=0))
    within = table[:, 4].mean()
    print(f"between realizations: truth {between['truth']:.4f}; means {between['mean']:.4f} + within {within:.4f} "
          f"= {between['mean'] + within:.4f} K2, ratio {(between['mean'] + within) / between['truth']:.3f}; "
          f"expected within {between['truth'] - between['mean']:.4f}")
    # Over all realizations, slow parts included: of the mixture, so that each is divided by their number.
    own = [truth.field(r) for r in range(1, realizations + 1)]
    true_between = mean(np.var(own, axis=0).mean(axis=0)) if realizations > 1 else 0.0
    print(f"in the product: within {split['within']:.4f}, between {split['between']:.4f} K2; "
          f"between of the truth {true_between:.4f}, sum over that of the truth "
          f"{(split['within'] + split['between']) / true_between if true_between else float('nan'):.3f}")


if __name__ == "__main__":
    if len(sys.argv) in (6, 7) and sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], *(int(c) for c in sys.argv[6:]))
    elif len(sys.argv) == 5 and sys.argv[1] == "score":
        score(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        sys.exit(__doc__)
