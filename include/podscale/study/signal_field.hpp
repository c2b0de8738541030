#pragma once
// The slow part of an applied LR source on its way to the product: interpolated to the HR mesh,
// and kept in the file of factors for members that are drawn later (doc/method.md: 7).

#include <span>
#include <vector>

#include "podscale/file/netcdf_file.hpp"
#include "podscale/pod/basis.hpp"

namespace podscale {

class SignalField {
 public:
  /// Collective on comm. basis must outlive it. Bilinear, from the nearest LR ocean where none is
  /// near: a constant stays one at every HR ocean point. Where the basis names a file of weights,
  /// these; errors as lr_remap.
  SignalField(const Communicator& comm, const Basis& basis);
  /// Not collective. Adds a signal, [channels][points of the LR mesh], to a field of this rank.
  void add(std::span<const float> signal, std::span<double> field) const;

 private:
  const Basis* basis_;
  Remap remap_;
};

/// Collective while the file of factors is defined, and for each of its times: signal (time,
/// channel, signal_y, signal_x) in working units on the LR mesh.
void define_signal(NetcdfFile& factors, const Basis& basis, int deflate);
void put_signal(const Communicator& comm, NetcdfFile& factors, const Basis& basis, std::size_t time,
                std::span<const float> signal);
/// Collective on the file of factors, which must have one.
std::vector<float> read_signal(const NetcdfFile& factors, const Basis& basis, std::size_t time);

}  // namespace podscale
