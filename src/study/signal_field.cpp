#include "podscale/study/signal_field.hpp"

#include <algorithm>

#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_file.hpp"

namespace podscale {
namespace {

using Sizes = std::vector<std::size_t>;

Sizes sizes(const Basis& basis, std::size_t leading) {
  return {leading, static_cast<std::size_t>(basis.channels()), static_cast<std::size_t>(basis.lr_mesh.ny()),
          static_cast<std::size_t>(basis.lr_mesh.nx())};
}

}  // namespace

SignalField::SignalField(const Communicator& comm, const Basis& basis) : basis_(&basis) {
  if (!basis.weights.path.empty()) {
    remap_ = lr_remap(comm, basis);
    return;
  }
  const int anywhere = static_cast<int>(std::max(basis.lr_mesh.ny(), basis.lr_mesh.nx()));
  comm.agree([&] {
    remap_ = Remap(basis.lr_mesh, basis.lr_ocean, basis.mesh, basis.window, basis.ocean,
                   Interpolation::bilinear, anywhere);
  });
}

void SignalField::add(std::span<const float> signal, std::span<double> field) const {
  const Mesh& mesh = basis_->lr_mesh;
  const Window& from = remap_.source();
  const std::size_t n = basis_->window.points();
  std::vector<float> cells(from.points()), points(n);
  for (std::size_t c = 0; c < static_cast<std::size_t>(basis_->channels()); ++c) {
    for (idx_t i = 0; i < from.points(); ++i)
      cells[i] = signal[c * static_cast<std::size_t>(mesh.points()) +
                        static_cast<std::size_t>(point_of(mesh, from, i / from.nx, i % from.nx))];
    remap_.apply(cells, points);
    for (std::size_t i = 0; i < n; ++i) field[c * n + i] += static_cast<double>(points[i]);
  }
}

void define_signal(NetcdfFile& factors, const Basis& basis, int deflate) {
  const Sizes shape = sizes(basis, 1);
  if (!factors.dimension("channel")) factors.define_dimension("channel", shape[1]);
  factors.define_dimension("signal_y", shape[2]);
  factors.define_dimension("signal_x", shape[3]);
  factors.define_variable("signal", NC_FLOAT, {"time", "channel", "signal_y", "signal_x"},
                          {shape, deflate, {}});
  factors.describe("signal",
                   "slow part of the applied LR source, on the LR mesh of the basis: in the mean as it is",
                   field_units(basis).spread);
}

void put_signal(const Communicator& comm, NetcdfFile& factors, const Basis& basis, std::size_t time,
                std::span<const float> signal) {
  Sizes count = sizes(basis, 1);
  if (!comm.is_root()) std::fill(count.begin(), count.end(), 0);
  factors.put("signal", {time, 0, 0, 0}, count, signal.first(comm.is_root() ? signal.size() : 0));
}

std::vector<float> read_signal(const NetcdfFile& factors, const Basis& basis, std::size_t time) {
  std::vector<float> signal(static_cast<std::size_t>(basis.channels() * basis.lr_mesh.points()));
  factors.get("signal", {time, 0, 0, 0}, sizes(basis, 1), std::span(signal));
  return signal;
}

}  // namespace podscale
