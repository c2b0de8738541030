"""Where the panels of a picture lie, for podscale_pictures.py."""
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from podscale_maps import INK


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
