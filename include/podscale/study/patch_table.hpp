#pragma once
// What each rank writes and reads of basis.nc and of the product: its rectangle of the per-patch
// tables, [patches_y][patches_x][trailing...], and its window of the fields.

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {

using Sizes = std::vector<std::size_t>;

/// start and count of the rank's window, behind `leading` whole dimensions.
struct Hyperslab {
  Sizes start, count;
};
inline Hyperslab hyperslab(const Window& window, Sizes leading = {}) {
  Hyperslab h{Sizes(leading.size(), 0), std::move(leading)};
  for (const long s : {window.y0, window.x0}) h.start.push_back(static_cast<std::size_t>(s));
  for (const long c : {window.ny, window.nx}) h.count.push_back(static_cast<std::size_t>(c));
  return h;
}

/// This rank's rectangle of a table; patches without ocean keep `fill`. Not collective but for
/// put() and get().
class PatchTable {
 public:
  PatchTable(const Basis& basis, int rank, Sizes trailing, double fill)
      : range_(basis.decomposition.patches_of(rank)),
        first_row_(basis.first_patch_row),
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
  /// Not collective. Columns of `modes` values each into the row of a patch, [columns][K].
  void set_columns(long patch, std::span<const double> columns, int modes) {
    double* to = row(patch);
    for (auto from = columns.begin(); from != columns.end(); from += modes, to += trailing_.back())
      std::copy_n(from, modes, to);
  }
  /// Collective. `leading`: index of dimensions before the patches (a time), one entry each.
  void put(NetcdfFile& file, const std::string& name, const Sizes& leading = {}) const {
    file.put(name, start(leading), count(leading), std::span<const double>(values));
  }
  /// Collective, as put(). Fills `values`: of all patches in the file, those without ocean too.
  void get(const NetcdfFile& file, const std::string& name, const Sizes& leading = {}) {
    file.get(name, start(leading), count(leading), std::span(values));
  }

  std::vector<double> values;

 private:
  Sizes start(Sizes leading) const {
    leading.push_back(static_cast<std::size_t>(first_row_ + range_.y0));
    leading.push_back(static_cast<std::size_t>(range_.x0));
    leading.resize(leading.size() + trailing_.size(), 0);
    return leading;
  }
  Sizes count(const Sizes& leading) const {
    // A rank without patches takes part with a count of zero in every dimension.
    Sizes n(leading.size(), values.empty() ? 0 : 1);
    n.push_back(static_cast<std::size_t>(range_.ny));
    n.push_back(static_cast<std::size_t>(range_.nx));
    n.insert(n.end(), trailing_.begin(), trailing_.end());
    return n;
  }
  PatchRange range_;
  long first_row_, patches_x_;
  Sizes trailing_;
  std::size_t width_ = 1;
};

}  // namespace podscale
