#pragma once
// Radially averaged spectra of all systems and the truth, and the scales that they resolve.

#include <span>
#include <vector>

#include "podscale/verify/score_family.hpp"
#include "podscale/verify/window_spectrum.hpp"

namespace podscale {

/// Over square windows without land or gap, half overlapping (Welch 1967), all times: power of the
/// truth, of each system's mean, of its error, and of its first member. Wavelengths count grid
/// points; in km they are multiplied with the root of the mean area of a cell, as if cells were
/// square. An image has no km.
class SpectralScores : public ScoreFamily {
 public:
  /// Not collective. The same arguments on all ranks. size: side of the windows, points (>= 4).
  SpectralScores(const Mesh& mesh, std::vector<VerifiedSystem> systems, long times, long size);
  void add(const ScoredTime& fields) override;
  /// power_truth(wavenumber); power, power_error, power_member(system, wavenumber);
  /// effective_resolution, effective_resolution_km, effective_resolution_member,
  /// resolved_wavelength(system); spectrum_windows.
  ScoreSection section(const ScoreUnits& units) const override;

  enum Curve : std::size_t { forecast, error, member, curves };
  // After reduce(). Not collective. Square units per coefficient, [n/2]; NaN where there is no
  // window or no member.
  std::vector<double> power(std::size_t system, Curve curve) const;
  std::vector<double> truth_power() const;
  double windows() const;     ///< that entered, over all times
  double spacing_km() const;  ///< mean over the windows; NaN of an image

 private:
  std::vector<double> averaged(const std::vector<double>& total, std::size_t first) const;
  std::size_t wavenumbers() const { return spectrum_.wavenumbers(); }
  std::size_t offset(std::size_t system, Curve curve) const {
    return (system * curves + curve) * wavenumbers();
  }
  Mesh mesh_;
  WindowSpectrum spectrum_;
  // Sums of a time: [systems][curves][n/2], truth [n/2], windows, km
};

}  // namespace podscale
