"""Panels of one downscaled image from its scores.nc: LR, mean, a member, truth, standard deviation and error, and the
sparsification and reliability curves of all images. Called by podscale_pictures.py."""
import matplotlib.pyplot as plt
import numpy as np

from podscale_maps import INK


def show(axes, plane, title, cmap, limits):
    image = axes.imshow(plane, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axes.set_title(title, fontsize=10.5, color=INK, loc="left", pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
    return image


def bar(figure, image, axes, label):
    drawn = figure.colorbar(image, ax=axes, location="bottom", fraction=0.05, pad=0.02, aspect=30)
    drawn.set_label(label, fontsize=8.5, color=INK)
    drawn.ax.tick_params(labelsize=8)


def draw_curves(axes, data):
    share = np.arange(data.dimensions["share"].size) / data.dimensions["share"].size
    axes.plot(share, data["sparsification"][...], color="#c1432e", lw=2, label="by standard deviation")
    axes.plot(share, data["sparsification_oracle"][...], color="#777777", lw=1.2, label="by true error")
    axes.set_xlabel("share of points taken away", fontsize=8.5)
    axes.set_title("RMSE of the rest, all images", fontsize=10.5, color=INK, loc="left", pad=4)
    axes.tick_params(labelsize=8)
    axes.set_ylim(bottom=0)
    axes.set_box_aspect(1)
    axes.legend(fontsize=8, frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw_reliability(axes, data):
    points, std, rmse = (np.ma.filled(data["class_" + name][...].astype(float), np.nan) for name in ("points", "std", "rmse"))
    seen = points > 100
    limits = [0.8 * np.nanmin(np.minimum(std, rmse)[seen]), 1.25 * np.nanmax(np.maximum(std, rmse)[seen])]
    axes.loglog(limits, limits, color="#777777", lw=1)
    axes.loglog(std[seen], rmse[seen], color="#c1432e", marker="o", ms=4)
    axes.set_xlabel("standard deviation, of 255", fontsize=8.5)
    axes.set_title("RMSE by standard deviation", fontsize=10.5, color=INK, loc="left", pad=4)
    axes.tick_params(labelsize=8)
    axes.set_box_aspect(1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def draw_panels(data):
    planes = {name: np.ma.filled(data["panel_" + name][...].astype(float), np.nan)
              for name in ("lr", "mean", "member", "truth", "std") if "panel_" + name in data.variables}
    ny, nx = planes["mean"].shape
    grey = [("lr", "Low-resolution input"), ("mean", "Downscaled mean"), ("member", "A member"), ("truth", "Truth")]
    grey = [(name, title) for name, title in grey if name in planes]
    columns = len(grey)
    figure, axes = plt.subplots(2, columns, figsize=(3.3 * columns + 0.8, 2 * 3.3 * min(ny / nx, 1.6) + 1.3),
                                layout="constrained")
    axes = axes.ravel()
    for panel, (name, title) in zip(axes, grey):
        show(panel, planes[name], title, "gray", (0, 255))
    rest = list(axes[len(grey):])
    panel = rest.pop(0)
    bar(figure, show(panel, planes["std"], "Standard deviation", "magma", (0, max(1e-6, np.nanpercentile(planes["std"], 99.5)))),
        panel, "of 255")
    if "truth" in planes:
        error = planes["mean"] - planes["truth"]
        most = max(1e-6, np.nanpercentile(np.abs(error), 99.5))
        panel = rest.pop(0)
        bar(figure, show(panel, error, "Error: mean minus truth", "RdBu_r", (-most, most)), panel, "of 255")
    draw_curves(rest.pop(0), data)
    if rest and (data["class_points"][...] > 100).any():
        draw_reliability(rest.pop(0), data)
    for panel in rest:
        panel.set_axis_off()
    scores = [f"{text} {getattr(data, 'mean_' + name):.{digits}f}" for name, text, digits in
              (("psnr", "PSNR", 2), ("ssim", "SSIM", 3), ("crps", "CRPS", 2)) if "mean_" + name in data.ncattrs()]
    figure.suptitle(f"{data.panel_image}; all {data.dimensions['image'].size} images: {', '.join(scores)}", fontsize=13,
                    color=INK, x=0.01, ha="left")
    return figure
