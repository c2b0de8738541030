#pragma once
// The coarse side of a study, whatever it comes from: its own files, or block means of the fine side.

#include <memory>
#include <span>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/field/series.hpp"

namespace podscale {

/// The HR series as &data names it (hr_files, hr_variable, mask_*), and the truth (truth_files, or else
/// hr_files).
SeriesSpec hr_spec(const Namelist& namelist);
SeriesSpec truth_spec(const Namelist& namelist);

class LowResolution {
 public:
  /// Collective on comm, which must outlive it. data.lr_source = 'files': opens data.lr_files; 'coarsen':
  /// block means of data.hr_files by data.coarsen_factor. Errors as Series::open.
  static LowResolution open(const Communicator& comm, const Namelist& namelist);
  /// Collective. Block means over factor x factor points of `fine`: the mean of the valid points of the block
  /// that its mask variable, if there is one, calls ocean.
  static LowResolution coarsen(const Communicator& comm, Series fine, int factor);
  LowResolution(LowResolution&&) noexcept = default;

  const Grid& grid() const { return grid_; }
  const TimeAxis& times() const { return series_->times(); }
  std::string describe() const;
  /// Collective. As Series::read, on this grid: out [steps][window.ny][window.nx] degC, NaN where missing.
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const;
  /// Collective. Whole mask on every rank: 1 = valid at every one of `steps`. [ny*nx]
  std::vector<unsigned char> ocean(std::span<const long> steps) const;

 private:
  LowResolution(const Communicator& comm, Series series, int factor);
  const Communicator* comm_;
  std::unique_ptr<Series> series_;
  int factor_ = 1;
  // The land mask variable of the fine side on the window read last: it does not change in time.
  mutable Window masked_;
  mutable std::vector<unsigned char> fine_ocean_;
  Grid grid_;
};

/// Block means. fine: [steps][ny*factor or less][nx*factor or less] of the fine window; coarse:
/// [steps][ny][nx]. Missing values (NaN) do not count; a block without a value is NaN.
void block_mean(std::span<const float> fine, long steps, long fine_ny, long fine_nx, int factor,
                std::span<float> coarse);

}  // namespace podscale
