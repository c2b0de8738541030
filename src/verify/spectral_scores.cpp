#include "podscale/verify/spectral_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace podscale {
namespace {

std::string wavelength_cell(double points, double factor, long size) {
  if (std::isinf(points))
    return std::isnan(factor) ? "-" : fmt::format(">{}", score_cell(factor * static_cast<double>(size), 0));
  return score_cell(factor * points, factor == 1 ? 1 : 0);
}

std::vector<double> ratios(const std::vector<double>& over, const std::vector<double>& under,
                           bool complement) {
  std::vector<double> out(over.size(), undefined);
  for (std::size_t k = 0; k < out.size(); ++k)
    if (under[k] > 0) out[k] = complement ? 1 - over[k] / under[k] : over[k] / under[k];
  return out;
}

}  // namespace

SpectralScores::SpectralScores(const Mesh& mesh, std::vector<VerifiedSystem> systems, long times, long size)
    : ScoreFamily(systems, times, (systems.size() * curves + 1) * (size / 2) + 2),
      mesh_(mesh),
      spectrum_(size) {}

void SpectralScores::add(const ScoredTime& fields) {
  const long n = spectrum_.size(), nx = mesh_.nx(), step = n / 2;
  const std::span<double> sums = sums_of(fields);
  const std::size_t points = fields.weights.size(), tail = offset(systems_.size(), forecast);
  std::vector<double> values(n * n);
  WindowCoefficients truth, other;
  for_windows(fields, nx, n, step, [&](long y0) {
    for (long x0 = 0; x0 + n <= nx; x0 += step) {
      bool clear = true;
      for (long j = y0; j < y0 + n && clear; ++j)
        clear = std::all_of(&fields.weights[j * nx + x0], &fields.weights[j * nx + x0] + n,
                            [](double w) { return w > 0; });
      if (!clear) continue;
      const auto transform = [&](std::span<const float> field, WindowCoefficients& out) {
        for (long j = 0; j < n; ++j) std::copy_n(&field[(y0 + j) * nx + x0], n, values.begin() + j * n);
        spectrum_.transform(values, out);
      };
      const auto add = [&](const WindowCoefficients& c, std::size_t first) {
        spectrum_.add_power(c, sums.subspan(first, wavenumbers()));
      };
      transform(fields.truth, truth);
      add(truth, tail);
      sums[tail + wavenumbers()] += 1;
      const Position cell = mesh_.spacing((first_row() + y0 + n / 2) * nx + x0 + n / 2);
      sums[tail + wavenumbers() + 1] += std::sqrt(cell.y * cell.x);
      for (std::size_t s = 0; s < systems_.size(); ++s) {
        transform(fields.forecasts[s].mean, other);
        add(other, offset(s, forecast));
        for (std::size_t k = 0; k < other.re.size(); ++k) {
          other.re[k] -= truth.re[k];
          other.im[k] -= truth.im[k];
        }
        add(other, offset(s, error));
        if (!systems_[s].has_members) continue;
        transform(fields.forecasts[s].members.first(points), other);
        add(other, offset(s, member));
      }
    }
  });
}

std::vector<double> SpectralScores::averaged(const std::vector<double>& total, std::size_t first) const {
  std::vector<double> out(wavenumbers(), undefined);
  const double count = total[total.size() - 2];
  for (std::size_t k = 0; k < out.size() && count > 0; ++k)
    out[k] = total[first + k] / (count * spectrum_.bin_sizes()[k]);
  return out;
}

std::vector<double> SpectralScores::power(std::size_t system, Curve curve) const {
  if (curve == member && !systems_[system].has_members) return std::vector<double>(wavenumbers(), undefined);
  return averaged(sums_.total(), offset(system, curve));
}

std::vector<double> SpectralScores::truth_power() const {
  return averaged(sums_.total(), offset(systems_.size(), forecast));
}

double SpectralScores::windows() const {
  const std::vector<double> total = sums_.total();
  return total[total.size() - 2];
}

double SpectralScores::spacing_km() const {
  const std::vector<double> total = sums_.total();
  const bool pixels = mesh_.kind() == MeshKind::plane && mesh_.unit().metres == 0;
  return pixels ? undefined : quotient(total.back(), total[total.size() - 2]);
}

ScoreSection SpectralScores::section(const ScoreUnits& units) const {
  const long n = spectrum_.size();
  ScoreSection section;
  ScoreAxis axis{"wavenumber", "1", fmt::format("cycles in a window of {} grid points", n), {}};
  std::vector<double> wavelengths;
  for (std::size_t k = 1; k <= wavenumbers(); ++k) {
    axis.values.push_back(static_cast<double>(k));
    wavelengths.push_back(static_cast<double>(n) / static_cast<double>(k));
  }
  section.axes = {axis};

  const std::vector<double> truth = truth_power();
  const double km = spacing_km();
  std::vector<double> powers[curves], resolution, resolution_km, of_member, resolved;
  const std::size_t names = name_width(systems_) + 7,
                    shown = std::max<std::size_t>(1, (wavenumbers() + 7) / 8);
  section.text = fmt::format(
      "\nspectra on {0} x {0} windows without land ({1:.0f} of them; a point is {2}): resolved "
      "wavelengths;\npower over that of the truth at wavelengths of so many points\n"
      "{3:<{4}} {5:>8} {6:>6} {7:>8}",
      n, windows(), std::isnan(km) ? "a pixel" : score_cell(km, 1) + " km", "system", names, "eff res", "km",
      "err/2");
  for (std::size_t k = 0; k < wavenumbers(); k += shown)
    section.text += fmt::format(" {:>6}", score_cell(wavelengths[k], 1));
  section.text += "\n";
  const auto row = [&](const std::string& name, double effective, double error_wavelength,
                       const std::vector<double>& ratio) {
    section.text += fmt::format("{:<{}} {:>8} {:>6} {:>8}", name, names, wavelength_cell(effective, 1, n),
                                wavelength_cell(effective, km, n), wavelength_cell(error_wavelength, 1, n));
    for (std::size_t k = 0; k < wavenumbers(); k += shown)
      section.text += fmt::format(" {:>6}", score_cell(ratio[k], 3));
    section.text += "\n";
  };
  for (std::size_t s = 0; s < systems_.size(); ++s) {
    std::vector<double> ratio[curves];
    for (const Curve curve : {forecast, error, member}) {
      const std::vector<double> p = power(s, curve);
      powers[curve].insert(powers[curve].end(), p.begin(), p.end());
      ratio[curve] = ratios(p, truth, curve == error);
    }
    resolution.push_back(effective_wavelength(ratio[forecast], n));
    resolution_km.push_back(km * resolution.back());
    of_member.push_back(effective_wavelength(ratio[member], n));
    resolved.push_back(effective_wavelength(ratio[error], n));
    row(systems_[s].name, resolution.back(), resolved.back(), ratio[forecast]);
    if (systems_[s].has_members)
      row(systems_[s].name + " member", of_member.back(), undefined, ratio[member]);
  }
  section.text +=
      "eff res: where the power falls below half of the truth's (points, km); err/2: where that of the "
      "error passes half of it\n";
  const std::string first =
      "2: never below 1/2 (the grid's own limit); missing: below 1/2 at all wavelengths";
  section.add("wavelength", "wavenumber", "1", "wavelength in grid points", wavelengths);
  section.add("spectrum_windows", "", "1", "windows that entered, over all times", {windows()});
  section.add("spectrum_spacing", "", "km", "root of the mean area of a cell, over the windows", {km});
  section.add("power_truth", "wavenumber", units.square, "radially averaged power of the truth", truth,
              "a plane is taken off, Hann window; " + units.square + " per coefficient");
  section.add("power", "system wavenumber", units.square, "radially averaged power of the mean",
              powers[forecast]);
  section.add("power_error", "system wavenumber", units.square, "radially averaged power of mean minus truth",
              powers[error]);
  section.add("power_member", "system wavenumber", units.square,
              "radially averaged power of the first member", powers[member]);
  const std::string falls = " falls below half of the truth's", points = "wavelength in grid points where ";
  section.add("effective_resolution", "system", "1", points + "the power" + falls, resolution, first);
  section.add("effective_resolution_km", "system", "km", "wavelength where the power" + falls, resolution_km,
              first);
  section.add("effective_resolution_member", "system", "1", points + "the power of one member" + falls,
              of_member, first);
  section.add("resolved_wavelength", "system", "1",
              points + "the power of the error passes half of the truth's", resolved, first);
  if (windows() == 0)
    section.text = fmt::format(
        "\nspectra: no window of {0} x {0} points is free of land and gaps; a smaller "
        "verify.spectrum_window may be\n",
        n);
  return section;
}

}  // namespace podscale
