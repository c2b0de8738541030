#include "podscale/mesh/remap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "axis_stencil.hpp"
#include "podscale/core/error.hpp"
#include "podscale/mesh/point_search.hpp"
#include "quad.hpp"

namespace podscale {

Interpolation interpolation_from_name(const std::string& name) {
  for (const auto kind : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic})
    if (name == interpolation_name(kind)) return kind;
  fail(ExitCode::usage, "grid.interpolation = '{}': expected 'nearest', 'bilinear' or 'bicubic'", name);
}

const char* interpolation_name(Interpolation kind) {
  return kind == Interpolation::nearest    ? "nearest"
         : kind == Interpolation::bilinear ? "bilinear"
                                           : "bicubic";
}

Space common_space(const Mesh& source, const Mesh& target) {
  std::string planes;
  if (source.kind() == MeshKind::plane && target.kind() == MeshKind::plane) {
    if ((source.unit().metres > 0) != (target.unit().metres > 0))
      planes = "one counts pixels and the other lengths";
    else if (const auto mapping = mapping_difference(source.mapping(), target.mapping()))
      planes = *mapping;
    else
      return Space::plane;
  }
  if (source.geographic() && target.geographic()) return Space::sphere;
  const auto what = [](const Mesh& mesh) {
    return fmt::format("{} ({})",
                       mesh.geographic() ? "latitudes and longitudes" : "no latitudes and longitudes",
                       mesh.describe());
  };
  fail(ExitCode::data,
       "source and target grid have no coordinates in common: the source has {}, the target has {}{}{}; "
       "expected one plane, or latitudes and longitudes for the points of both",
       what(source), what(target), planes.empty() ? "" : "; ", planes);
}

bool offers(Interpolation kind, const Mesh& source, const Mesh& target) {
  return kind != Interpolation::bicubic ||
         (source.separable() && common_space(source, target) == source.space());
}

/// Rows while they are made: with points of the whole source, brought to its window in the end.
class RemapRows {
 public:
  struct Link {
    idx_t point;
    double weight;
  };
  /// In the order of the points, each once, so that a row's sum has the same bits whatever the
  /// window.
  void add(std::vector<Link>& row) {
    std::stable_sort(row.begin(), row.end(), [](const Link& a, const Link& b) { return a.point < b.point; });
    const std::size_t first = points_.size();
    for (const Link& link : row) {
      if (points_.size() > first && points_.back() == link.point) {
        remap_.weights_.back() += link.weight;
      } else {
        points_.push_back(link.point);
        remap_.weights_.push_back(link.weight);
      }
    }
    remap_.first_.push_back(points_.size());
  }
  Remap finish(const Mesh& source, idx_t unreached) {
    remap_.unreached_ = unreached;
    remap_.source_ = covering_window(source, points_);
    PODSCALE_ASSERT(remap_.source_.points() <= std::numeric_limits<std::int32_t>::max(), "{} points",
                    remap_.source_.points());
    for (const idx_t p : points_)
      remap_.columns_.push_back(static_cast<std::int32_t>(index_within(source, remap_.source_, p)));
    return std::move(remap_);
  }

 private:
  Remap remap_;
  std::vector<idx_t> points_;
};

namespace {

using Link = RemapRows::Link;
using Ocean = std::span<const unsigned char>;

/// Drops nothing: weights become shares of their sum.
void normalise(std::vector<Link>& row) {
  double sum = 0;
  for (const Link& link : row) sum += link.weight;
  for (Link& link : row) link.weight /= sum;
}

/// From a source with axes: stencils along each.
class AxisRows {
 public:
  AxisRows(const Mesh& source, Ocean ocean, Interpolation kind, int search)
      : source_(source),
        ocean_(ocean),
        kind_(kind),
        search_(search),
        turn_(source.periodic() ? 360 : 0),
        middle_(0.5 * (source.x().centres.front() + source.x().centres.back())) {}

  AxisStencil along_y(double y) const { return {source_.y(), y, 0, search_}; }
  AxisStencil along_x(double x) const {
    // Longitudes are brought near the middle of a regional source.
    if (source_.space() == Space::sphere && turn_ == 0) x += 360.0 * std::round((middle_ - x) / 360.0);
    return {source_.x(), x, turn_, search_};
  }

  void row(const AxisStencil& y, const AxisStencil& x, std::vector<Link>& row) const {
    row.clear();
    if (!y.reached || !x.reached) return;
    if (kind_ == Interpolation::bicubic) {
      bool all = true;
      for (int a = 0; a < y.taps; ++a)
        for (int b = 0; b < x.taps; ++b) {
          const auto &ty = y.cubic[a], &tx = x.cubic[b];
          const idx_t point = ocean_at(ty.index, tx.index);
          all = all && point >= 0;
          row.push_back({point, ty.weight * tx.weight});
        }
      if (!all) row.clear();
    }
    if (row.empty() && kind_ != Interpolation::nearest) {
      for (const auto& a : y.linear)
        for (const auto& b : x.linear)
          if (const idx_t point = ocean_at(a.index, b.index); a.weight * b.weight > 0 && point >= 0)
            row.push_back({point, a.weight * b.weight});
      normalise(row);
    }
    if (!row.empty()) return;
    idx_t best = std::numeric_limits<idx_t>::max(), nearest = -1;
    for (int dj = -search_; dj <= search_; ++dj)
      for (int di = -search_; di <= search_; ++di)
        if (dj * dj + di * di < best)
          if (const idx_t point = ocean_at(y.cell + dj, x.cell + di); point >= 0) {
            best = dj * dj + di * di;
            nearest = point;
          }
    if (nearest >= 0) row.push_back({nearest, 1.0});
  }

 private:
  idx_t ocean_at(idx_t j, idx_t i) const {
    const idx_t point = source_.at(j, i);
    return point >= 0 && ocean_[point] ? point : -1;
  }
  const Mesh& source_;
  Ocean ocean_;
  Interpolation kind_;
  int search_;
  double turn_, middle_;
};

/// From any source: the quadrilateral of points round the target.
class QuadRows {
 public:
  QuadRows(const Mesh& source, Space space, Ocean ocean, Interpolation kind, int search)
      : source_(source),
        space_(space),
        ocean_(ocean),
        kind_(kind),
        search_(search),
        all_(source, space),
        wet_(source, space, ocean) {}

  void row(const Vector3& place, std::vector<Link>& row) const {
    row.clear();
    if (wet_.size() == 0 || !std::isfinite(norm(place))) return;
    if (kind_ != Interpolation::nearest)
      for (const idx_t tried : {4, 32})  // nearly always a corner of its quadrilateral is nearest
        if (bilinear(place, tried, row)) break;
    if (!row.empty()) return;
    const idx_t beside = all_.nearest(place, 1).front().point;
    const PointSearch::Hit hit = wet_.nearest(place, 1).front();
    const Position cell = source_.spacing(beside);
    if (source_.kilometres(space_) * hit.distance <= static_cast<double>(search_) * std::max(cell.y, cell.x))
      row.push_back({hit.point, 1.0});
  }

 private:
  /// Whether a quadrilateral was found; the row stays empty where all its corners are land.
  bool bilinear(const Vector3& place, idx_t tried, std::vector<Link>& row) const {
    for (const PointSearch::Hit& hit : all_.nearest(place, tried))
      for (const idx_t dj : {-1, 0})
        for (const idx_t di : {-1, 0}) {
          const idx_t j = hit.point / source_.nx() + dj, i = hit.point % source_.nx() + di;
          const std::array<idx_t, 4> points{owner(j, i), owner(j, i + 1), owner(j + 1, i + 1),
                                            owner(j + 1, i)};
          if (*std::min_element(points.begin(), points.end()) < 0) continue;
          std::array<Vector3, 4> corners;
          for (std::size_t k = 0; k < 4; ++k) corners[k] = source_.vector(points[k], space_);
          const std::optional<Quad> quad = Quad::around(place, corners, space_);
          if (!quad) continue;
          const std::array<double, 4> weights = quad->weights();
          for (std::size_t k = 0; k < 4; ++k)
            if (weights[k] > 0 && ocean_[points[k]]) row.push_back({points[k], weights[k]});
          normalise(row);
          return true;
        }
    return false;
  }
  idx_t owner(idx_t j, idx_t i) const {
    const idx_t point = source_.at(j, i);
    return point < 0 ? -1 : source_.owner(point);
  }
  const Mesh& source_;
  Space space_;
  Ocean ocean_;
  Interpolation kind_;
  int search_;
  PointSearch all_, wet_;
};

}  // namespace

Remap::Remap(const Mesh& source, std::span<const unsigned char> source_ocean, const Mesh& target,
             const Window& window, std::span<const unsigned char> target_ocean, Interpolation kind,
             int search) {
  PODSCALE_ASSERT(std::ssize(source_ocean) == source.points() && std::ssize(target_ocean) == window.points(),
                  "mask sizes {} and {}", source_ocean.size(), target_ocean.size());
  const Space space = common_space(source, target);
  if (!offers(kind, source, target))
    fail(ExitCode::usage,
         "interpolation 'bicubic' needs a source grid with axes, but this one has single positions ({}); "
         "choose 'bilinear'",
         source.describe());
  RemapRows rows;
  std::vector<Link> row;
  idx_t unreached = 0;
  const auto each_point = [&](const auto& make_row) {
    for (idx_t j = 0; j < window.ny; ++j)
      for (idx_t i = 0; i < window.nx; ++i) {
        row.clear();
        if (target_ocean[j * window.nx + i]) {
          make_row(j, i);
          unreached += row.empty();
        }
        rows.add(row);
      }
  };
  const bool axes = source.separable() && space == source.space();
  if (!axes) {
    const QuadRows quads(source, space, source_ocean, kind, search);
    each_point([&](idx_t j, idx_t i) {
      if (const idx_t point = point_of(target, window, j, i); target.owner(point) >= 0)
        quads.row(target.vector(point, space), row);
    });
    *this = rows.finish(source, unreached);
    return;
  }
  const AxisRows stencils(source, source_ocean, kind, search);
  const auto metres = [](const Mesh& mesh) { return mesh.unit().metres > 0 ? mesh.unit().metres : 1; };
  if (target.separable() && space == target.space()) {  // a row and a column at a time
    const double unit = space == Space::plane ? metres(target) / metres(source) : 1;
    std::vector<AxisStencil> ys, xs;
    for (idx_t j = 0; j < window.ny; ++j)
      ys.push_back(stencils.along_y(unit * target.y().centres[window.y0 + j]));
    for (idx_t i = 0; i < window.nx; ++i)
      xs.push_back(stencils.along_x(unit * target.x().centres[point_of(target, window, 0, i) % target.nx()]));
    each_point([&](idx_t j, idx_t i) { stencils.row(ys[j], xs[i], row); });
  } else {
    each_point([&](idx_t j, idx_t i) {
      const idx_t point = point_of(target, window, j, i);
      if (target.owner(point) < 0) return;
      Position at = space == Space::sphere ? target.degrees(point) : target.position(point);
      if (space == Space::plane) at = {at.y / metres(source), at.x / metres(source)};
      if (std::isfinite(at.y) && std::isfinite(at.x))
        stencils.row(stencils.along_y(at.y), stencils.along_x(at.x), row);
    });
  }
  *this = rows.finish(source, unreached);
}

Remap Remap::from_triplets(const Mesh& source, std::span<const unsigned char> source_ocean,
                           const Mesh& target, const Window& window,
                           std::span<const unsigned char> target_ocean, const Triplets& links, Land land) {
  PODSCALE_ASSERT(
      std::ssize(source_ocean) == source.points() && std::ssize(target_ocean) == window.points() &&
          links.target.size() == links.source.size() && links.weight.size() == links.source.size(),
      "mask sizes {} and {}, {} links", source_ocean.size(), target_ocean.size(), links.weight.size());
  const auto outside = [](idx_t p, const Mesh& mesh) { return p < 0 || p >= mesh.points(); };
  std::vector<std::vector<Link>> table(window.points());
  for (std::size_t l = 0; l < links.weight.size(); ++l) {
    if (outside(links.target[l], target) || outside(links.source[l], source) ||
        !std::isfinite(links.weight[l]))
      fail(ExitCode::data,
           "weights: link {} leads from point {} of {} to point {} of {} with weight {}; expected points of "
           "both grids and a finite weight",
           l, links.source[l], source.points(), links.target[l], target.points(), links.weight[l]);
    const idx_t row = index_within(target, window, links.target[l]);
    if (row >= 0 && target_ocean[row]) table[row].push_back({links.source[l], links.weight[l]});
  }
  RemapRows rows;
  idx_t unreached = 0;
  for (std::size_t r = 0; r < table.size(); ++r) {
    std::vector<Link>& row = table[r];
    double all = 0, wet = 0;
    for (const Link& link : row) {
      all += link.weight;
      if (source_ocean[link.point]) wet += link.weight;
    }
    std::erase_if(row, [&](const Link& l) { return !source_ocean[l.point]; });
    if (!(wet > 1e-9) || (land == Land::unreached && std::abs(all - wet) > 1e-9))
      row.clear();
    else
      normalise(row);
    unreached += target_ocean[r] && row.empty();
    rows.add(row);
  }
  return rows.finish(source, unreached);
}

void Remap::apply(std::span<const float> values, std::span<float> out) const {
  PODSCALE_ASSERT(std::ssize(values) == source_.points() && std::ssize(out) == rows(),
                  "{} values of {}, {} results of {}", values.size(), source_.points(), out.size(), rows());
  for (std::size_t r = 0; r < out.size(); ++r) {
    double sum = 0;
    for (std::size_t k = first_[r]; k < first_[r + 1]; ++k)
      sum += weights_[k] * static_cast<double>(values[columns_[k]]);
    out[r] = static_cast<float>(sum);
  }
}

}  // namespace podscale
