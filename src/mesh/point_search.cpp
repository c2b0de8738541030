#include "podscale/mesh/point_search.hpp"

#include <algorithm>
#include <nanoflann.hpp>

namespace podscale {
namespace {

struct Cloud {
  std::vector<Vector3> vectors;
  std::size_t kdtree_get_point_count() const { return vectors.size(); }
  double kdtree_get_pt(std::size_t i, std::size_t d) const {
    return d == 0 ? vectors[i].x : d == 1 ? vectors[i].y : vectors[i].z;
  }
  template <class Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

}  // namespace

struct PointSearch::Tree {
  Cloud cloud;
  std::vector<idx_t> points;
  nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud>, Cloud, 3, std::size_t>
      index{3, cloud, nanoflann::KDTreeSingleIndexAdaptorParams(16)};
};

PointSearch::PointSearch(const Mesh& mesh, Space space, std::span<const unsigned char> wanted) {
  auto tree = std::make_shared<Tree>();
  for (idx_t p = 0; p < mesh.points(); ++p) {
    if ((!wanted.empty() && !wanted[p]) || mesh.owner(p) != p) continue;
    const Vector3 v = mesh.vector(p, space);
    if (!std::isfinite(norm(v))) continue;
    tree->cloud.vectors.push_back(v);
    tree->points.push_back(p);
  }
  tree->index.buildIndex();
  tree_ = std::move(tree);
}

idx_t PointSearch::size() const {
  return std::ssize(tree_->points);
}

std::vector<PointSearch::Hit> PointSearch::nearest(const Vector3& place, idx_t count) const {
  constexpr std::size_t spare = 4;  // so that equals at the end are seen too
  const std::size_t wanted = std::min(static_cast<std::size_t>(count) + spare, tree_->points.size());
  if (wanted == 0 || count == 0) return {};
  std::vector<std::size_t> found(wanted);
  std::vector<double> squares(wanted);
  const double query[3] = {place.x, place.y, place.z};
  const std::size_t n = tree_->index.knnSearch(query, wanted, found.data(), squares.data());
  std::vector<Hit> hits;
  for (std::size_t i = 0; i < n; ++i) hits.push_back({tree_->points[found[i]], std::sqrt(squares[i])});
  for (std::size_t first = 0, last = 0; first < n; first = last) {
    for (last = first + 1; last < n && hits[last].distance <= (1 + 1e-9) * hits[last - 1].distance;) ++last;
    std::sort(hits.begin() + static_cast<idx_t>(first), hits.begin() + static_cast<idx_t>(last),
              [](const Hit& a, const Hit& b) { return a.point < b.point; });
  }
  hits.resize(std::min(n, static_cast<std::size_t>(count)));
  return hits;
}

}  // namespace podscale
