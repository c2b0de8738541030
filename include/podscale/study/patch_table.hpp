#pragma once
// Per-patch tables of basis.nc and of the product: [patches_y][patches_x][trailing...], written and
// read by the rectangles of the ranks.

#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

/// This rank's rectangle of a table; patches without ocean keep `fill`. Not collective but for
/// put() and get().
class PatchTable {
 public:
  PatchTable(const Basis& basis, int rank, std::vector<std::size_t> trailing, double fill)
      : range_(basis.decomposition.patches_of(rank)),
        patches_x_(basis.decomposition.patches_x()),
        trailing_(std::move(trailing)) {
    for (const std::size_t n : trailing_) width_ *= n;
    values.assign(static_cast<std::size_t>(range_.ny * range_.nx) * width_, fill);
  }
  /// Row of a patch of this rank, as numbered in the decomposition: [width].
  double* row(long patch) {
    const long y = patch / patches_x_ - range_.y0, x = patch % patches_x_ - range_.x0;
    return values.data() + static_cast<std::size_t>(y * range_.nx + x) * width_;
  }
  std::size_t width() const { return width_; }
  /// Collective. `leading`: index of dimensions before the patches (a time), one entry each.
  void put(NetcdfFile& file, const std::string& name, const std::vector<std::size_t>& leading = {}) const {
    file.put(name, start(leading), count(leading), std::span<const double>(values));
  }
  void get(const NetcdfFile& file, const std::string& name, const std::vector<std::size_t>& leading = {}) {
    file.get(name, start(leading), count(leading), std::span(values));
  }

  std::vector<double> values;

 private:
  std::vector<std::size_t> start(std::vector<std::size_t> leading) const {
    leading.push_back(static_cast<std::size_t>(range_.y0));
    leading.push_back(static_cast<std::size_t>(range_.x0));
    leading.resize(leading.size() + trailing_.size(), 0);
    return leading;
  }
  std::vector<std::size_t> count(const std::vector<std::size_t>& leading) const {
    // A rank without patches takes part with a count of zero in every dimension.
    std::vector<std::size_t> n(leading.size(), values.empty() ? 0 : 1);
    n.push_back(static_cast<std::size_t>(range_.ny));
    n.push_back(static_cast<std::size_t>(range_.nx));
    n.insert(n.end(), trailing_.begin(), trailing_.end());
    return n;
  }
  PatchRange range_;
  long patches_x_;
  std::vector<std::size_t> trailing_;
  std::size_t width_ = 1;
};

}  // namespace podscale
