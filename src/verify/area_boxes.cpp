#include "podscale/verify/area_boxes.hpp"

#include <algorithm>

namespace podscale {
namespace {

/// Odd: where the LR field is a block mean of the truth, the mean over whole blocks is known
/// exactly, and boxes at multiples of a block would test nothing else.
long stride_of(const Mesh& mesh, long size, long most) {
  long stride = std::max(1l, size / 4) | 1;
  const auto positions = [&] {
    return ((mesh.ny() - size) / stride + 1) * ((mesh.nx() - size) / stride + 1);
  };
  while (positions() > most) stride += 2;
  return stride;
}

/// Where the weight of a point goes in the folded field, of all points: by R, or by A^T.
struct FoldedPoints {
  struct To {
    std::uint32_t patch, row;
    double factor;
  };
  std::vector<std::size_t> first{0};  // [points + 1]
  std::vector<To> to;
};

class Projector {
 public:
  Projector(const Basis& basis, long channel) : basis_(basis) {
    const Mesh& mesh = basis.mesh;
    std::vector<std::uint32_t> patch_of(basis.points()), row_of(patch_of.size());
    for (std::size_t p = 0; p < basis.patches.mine.size(); ++p)
      for (std::size_t i = 0; i < basis.patches.mine[p].points.size(); ++i) {
        const std::size_t point = basis.patches.mine[p].points[i];
        patch_of[point] = static_cast<std::uint32_t>(p);
        row_of[point] = static_cast<std::uint32_t>(i);
      }
    const std::size_t before = static_cast<std::size_t>(channel * mesh.points());
    const auto add = [&](FoldedPoints& points, const auto& column) {
      for (const auto& [point, factor] : column)
        points.to.push_back(
            {patch_of[before + point], row_of[before + point], factor * basis.channel_scale[channel]});
    };
    for (long y = 0; y < mesh.ny(); ++y)
      for (long x = 0; x < mesh.nx(); ++x) {
        if (basis.ocean[y * mesh.nx() + x]) {
          add(shared_, basis.lapping.folded_point(y, x));
          add(own_, basis.seams.folded_point(basis.lapping, channel, y, x));
        }
        shared_.first.push_back(shared_.to.size());
        own_.first.push_back(own_.to.size());
      }
    place_.assign(basis.patches.mine.size(), -1);
  }

  /// A weight on a point, of the box that is being made.
  void add(std::size_t point, double weight) {
    for (std::size_t k = shared_.first[point]; k < shared_.first[point + 1]; ++k)
      weight_of(shared_.to[k]).first += shared_.to[k].factor * weight;
    for (std::size_t k = own_.first[point]; k < own_.first[point + 1]; ++k)
      weight_of(own_.to[k]).second += own_.to[k].factor * weight;
  }

  /// Its touches, in the order of the patches, behind those that are there. Forgets it.
  void finish(AreaBoxes& boxes, double& truncation) {
    std::sort(touched_.begin(), touched_.end(),
              [](const Touch& a, const Touch& b) { return a.patch < b.patch; });
    const std::size_t width = static_cast<std::size_t>(basis_.modes);
    truncation = 0;
    for (const Touch& touch : touched_) {
      const PatchModes& patch = basis_.patches.mine[touch.patch];
      const std::size_t d = patch.points.size(), first = boxes.projected.size();
      boxes.patch.push_back(touch.patch);
      boxes.projected.resize(first + width, 0.0f);
      boxes.own.resize(first + width, 0.0f);
      projected_.assign(2 * width, 0.0);
      for (std::size_t i = 0; i < d; ++i) {
        const auto [shared, own] = touch.weights[i];
        if (shared == 0 && own == 0) continue;
        truncation += own * own * patch.tau[i];
        for (std::size_t k = 0; k < static_cast<std::size_t>(patch.modes); ++k) {
          projected_[k] += shared * patch.phi[k * d + i];
          projected_[width + k] += own * patch.phi[k * d + i];
        }
      }
      for (std::size_t k = 0; k < width; ++k) {
        boxes.projected[first + k] = static_cast<float>(projected_[k]);
        boxes.own[first + k] = static_cast<float>(projected_[width + k]);
      }
      place_[touch.patch] = -1;
    }
    touched_.clear();
  }

 private:
  struct Touch {
    std::uint32_t patch;
    std::vector<std::pair<double, double>> weights;  // [points of the patch] of the folded field: R, A^T
  };
  std::pair<double, double>& weight_of(const FoldedPoints::To& to) {
    long& place = place_[to.patch];
    if (place < 0) {
      place = std::ssize(touched_);
      touched_.push_back({to.patch, {basis_.patches.mine[to.patch].points.size(), {0.0, 0.0}}});
    }
    return touched_[static_cast<std::size_t>(place)].weights[to.row];
  }

  const Basis& basis_;
  FoldedPoints shared_, own_;
  std::vector<long> place_;  // [patches] in touched_, -1: not there
  std::vector<Touch> touched_;
  std::vector<double> projected_;  // [2][K] of a touch
};

}  // namespace

AreaBoxes::AreaBoxes(const Basis& basis, long channel, long most)
    : AreaBoxes(basis, channel, most, basis.mesh, ScoredRows::whole(basis.mesh)) {}

AreaBoxes::AreaBoxes(const Basis& basis, long channel, long most, const Mesh& region,
                     const ScoredRows& rows) {
  const Share own = rows.own(), held = rows.held();
  const long nx = region.nx(), before = held.begin - basis.first_patch_row * basis.patch_y;
  for (long y = 0; y < held.size(); ++y)
    for (long x = 0; x < nx; ++x)
      area.push_back(basis.ocean[(before + y) * nx + x] ? std::max(0.0, region.area_weight(held.begin + y, x))
                                                        : 0.0);
  Projector projector(basis, channel);
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    const long size = sizes[s];
    if (region.ny() < size || nx < size) continue;
    const long stride = stride_of(region, size, most);
    for (long y0 = (own.begin + stride - 1) / stride * stride; y0 < own.end && y0 + size <= region.ny();
         y0 += stride)
      for (long x0 = 0; x0 + size <= nx; x0 += stride) {
        Box box{s, rows.strip_of(y0), y0 - held.begin, x0, 0, 0, patch.size(), 0};
        long ocean = 0;
        for (long y = box.y0; y < box.y0 + size; ++y)
          for (long x = x0; x < x0 + size; ++x) {
            box.area += area[y * nx + x];
            ocean += area[y * nx + x] > 0 ? 1 : 0;
          }
        if (4 * ocean < 3 * size * size) continue;
        for (long y = box.y0; y < box.y0 + size; ++y)
          for (long x = x0; x < x0 + size; ++x)
            if (const std::size_t i = y * nx + x; area[i] > 0)
              projector.add(before * nx + i, area[i] / box.area);
        projector.finish(*this, box.truncation);
        box.end = patch.size();
        boxes.push_back(box);
      }
  }
}

}  // namespace podscale
