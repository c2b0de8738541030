#include "podscale/field/remapped.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/mesh/coverage.hpp"

namespace podscale {

Remapped::Remapped(std::shared_ptr<const FieldSource> source, std::vector<unsigned char> source_ocean,
                   Mesh target, std::vector<unsigned char> target_ocean, const std::string& role,
                   const std::string& key)
    : source_(std::move(source)),
      source_ocean_(std::move(source_ocean)),
      target_(std::move(target)),
      target_ocean_(std::move(target_ocean)) {
  const Mesh& from = source_->mesh();
  PODSCALE_ASSERT(std::ssize(source_ocean_) == from.points() && std::ssize(target_ocean_) == target_.points(),
                  "mask sizes {} and {}", source_ocean_.size(), target_ocean_.size());
  const Share rows = share_of(target_.ny(), comm().size(), comm().rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? target_.nx() : 0};
  long unreached = 0, first = target_.points();
  comm().agree([&] {
    const auto cell = cell_finder(target_, from);
    std::vector<idx_t> cells(source_ocean_.size(), -1);
    std::set<idx_t> reached;
    long inside = 0;
    for (idx_t p = 0; p < from.points(); ++p) {
      if (!source_ocean_[p] || from.owner(p) != p) continue;
      cells[p] = cell(p);
      if (cells[p] >= 0) ++inside, reached.insert(cells[p]);
    }
    if (inside >= 3 * std::ssize(reached) && inside > 0) cell_ = std::move(cells);
    const Remap part = make(window);
    unreached = part.unreached();
    const auto ocean = ocean_in(window);
    for (idx_t i = 0; i < window.points() && first == target_.points(); ++i)
      if (ocean[i] && part.columns(i).empty()) first = window.y0 * target_.nx() + i;
  });
  unreached = comm().sum(unreached);
  if (unreached == 0) return;
  first = comm().min(first);
  const auto all = std::count(target_ocean_.begin(), target_ocean_.end(), 1);
  const Position at = target_.position(first);
  const std::string found = fmt::format(
      "{}: {}: {} of {} LR cells of the training have no ocean of it within 4 cells, the first at "
      "{:.6g}, {:.6g}",
      source_->describe(), role, unreached, all, at.y, at.x);
  if (10 * unreached > all)
    throw Error(ExitCode::data,
                fmt::format("{}; expected a source that covers them: check {}, its variable and its land",
                            found, key),
                true);
  log::warn("{}: the nearest stands in", found);
  search_ = static_cast<int>(std::max(from.ny(), from.nx()));
}

std::vector<unsigned char> Remapped::ocean_in(const Window& window) const {
  std::vector<unsigned char> ocean(window.points());
  for (idx_t i = 0; i < window.points(); ++i) {
    const idx_t point = point_of(target_, window, i / window.nx, i % window.nx);
    ocean[i] = point >= 0 ? target_ocean_[point] : 0;
  }
  return ocean;
}

Remap Remapped::make(const Window& window) const {
  const Mesh& from = source_->mesh();
  const auto ocean = ocean_in(window);
  Remap interpolated(from, source_ocean_, target_, window, ocean, Interpolation::bilinear, search_);
  if (cell_.empty()) return interpolated;
  Remap::Triplets links;
  const auto link = [&](idx_t target, idx_t source, double weight) {
    links.target.push_back(target);
    links.source.push_back(source);
    links.weight.push_back(weight);
  };
  std::vector<unsigned char> has(target_ocean_.size(), 0);
  for (idx_t p = 0; p < std::ssize(cell_); ++p)
    if (cell_[p] >= 0 && from.area(p) > 0) link(cell_[p], p, from.area(p)), has[cell_[p]] = 1;
  for (idx_t i = 0; i < window.points(); ++i) {
    const idx_t point = point_of(target_, window, i / window.nx, i % window.nx);
    if (!ocean[i] || has[point]) continue;
    const auto columns = interpolated.columns(i);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Window& of = interpolated.source();
      link(point, point_of(from, of, columns[k] / of.nx, columns[k] % of.nx), interpolated.weights(i)[k]);
    }
  }
  return Remap::from_triplets(from, source_ocean_, target_, window, ocean, links);
}

const Remap& Remapped::remap(const Window& window) const {
  const auto known =
      std::find_if(remaps_.begin(), remaps_.end(), [&](const auto& r) { return r.first == window; });
  if (known != remaps_.end()) return known->second;
  remaps_.emplace_back(window, make(window));
  return remaps_.back().second;
}

void Remapped::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  const Remap& rows = remap(window);
  const auto ocean = ocean_in(window);
  const std::size_t from = static_cast<std::size_t>(rows.source().points()), to = ocean.size(),
                    fields = steps.size() * static_cast<std::size_t>(channels());
  std::vector<float> values(from * fields);
  source_->read(rows.source(), steps, values);
  for (std::size_t f = 0; f < fields; ++f) {
    const auto field = out.subspan(f * to, to);
    rows.apply(std::span<const float>(values).subspan(f * from, from), field);
    for (std::size_t i = 0; i < to; ++i)
      if (!ocean[i]) field[i] = std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace podscale
