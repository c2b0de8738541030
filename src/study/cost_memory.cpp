// The memory side of the cost model: arrays are counted, stage by stage; the largest stage is the
// peak.
#include <algorithm>
#include <cmath>

#include "podscale/study/cost_model.hpp"

namespace podscale {
namespace {

// What a program has before it reads, MiB: libraries, and the buffers of MPI and BLAS. Measured.
constexpr double kStart = 87, kStartTorch = 237;

/// Bytes of what a rank holds, of a region shared by so many.
struct Holdings {
  Holdings(const StudySize& of, int of_ranks) : size(of), share(of, of_ranks), ranks(of_ranks) {}
  const StudySize& size;
  RankShare share;
  double ranks;
  double train = static_cast<double>(size.train),
         validate = static_cast<double>(size.choosing + size.held_out), k = static_cast<double>(size.modes),
         s = static_cast<double>(size.with_base ? size.predictors() : 0),
         c = static_cast<double>(size.condition()), r = static_cast<double>(size.global_modes()),
         d = size.patch_points(), n = share.points, p = share.patches,
         tokens = size.patches() + static_cast<double>(size.global_tokens()),
         field = static_cast<double>(size.points() * size.channels),
         block = static_cast<double>(size.time_block);

  /// Fields of files that stay in memory, and the buffers of reading them.
  double cache(double times) const {
    const double lr = size.coarsened ? 0 : static_cast<double>(size.lr_cells * size.channels);
    return std::min(size.cache_mib * 1048576, 4 * times * (field + lr) / ranks) +
           8 * std::min(field, 4194304.0);
  }
  double ocean_values() const { return p * d; }
  /// Climatologies, modes, truncation, masks, overlap.
  double basis() const {
    const double terms = static_cast<double>(size.harmonic_terms), seams = size.overlap > 0 ? 4 : 0;
    return 8 * n * (2 * terms + seams) + 8 * ocean_values() * (k + 2) + (size.overlap > 0 ? 36 * n : 0);
  }
  /// Regression, its uncertainty, covariance.
  double base() const {
    return size.with_base ? p * (8 * k * (s + k) + 4 * s * (s + 1) / 2 + 8 * k * (r + k) + 16 * c) : 0;
  }
  /// Vectors of all coefficients on rank 0, where the global modes are iterated for
  /// (residual_modes.cpp).
  double krylov() const {
    const double coefficients = size.patches() * k;
    return size.train > 400 && coefficients > 512 ? 8 * coefficients * (2 * r + 16) : 0;
  }
  double left_out() const { return 4 * ocean_values() * std::min(d, 3 * k); }
  double encoded(double times) const { return 4 * times * p * (k + c); }
  /// PointVariance: squares of the columns of each patch, and the joined rows of overlapping ones.
  double point_variance() const {
    const double season = size.with_base && size.harmonic_terms > 1 && size.overlap > 0 ? 8 * n * r : 0;
    return 8 * ocean_values() * k + (size.overlap > 0 ? 70 * n : 0) + season;
  }
  double forecasts(double times) const { return 8 * times * p * k * 7; }
  double parameters() const { return size.parameters() * 4; }
  /// What the backward pass of one work item needs.
  double activations() const {
    const double w = size.model.width, t = size.tile_tokens();
    return 4 * size.model.depth * t * (26 * w + 3.0 * size.model.heads * t) + 4 * t * (k + c + w) * 3;
  }
};

double largest(std::initializer_list<double> stages) {
  return std::max(stages);
}

double basis_bytes(const Holdings& h) {
  const double times = h.train + h.validate, of_patches = h.basis(),
               fields = h.block * h.n * 8 + 16 * h.n * 8;
  // Where there are lags some times lack one: the others are copied.
  const double all = h.encoded(times) * (h.size.lags > 1 ? 2 : 1);
  return h.cache(times) +
         largest({of_patches + fields + 8 * h.p * h.d * h.d, of_patches + all + 32 * h.p * h.s * (h.s + h.k),
                  of_patches + h.base() + all + 8 * h.train * h.p * h.k + 24 * h.train * h.r + h.krylov(),
                  of_patches + h.base() + h.left_out() + all + fields + h.point_variance() +
                      h.forecasts(std::min(h.block, h.validate)) + 16400 * h.p,
                  of_patches + h.base() + h.left_out() + all + 16 * h.n * h.k});
}

double train_bytes(const Holdings& h) {
  const StudySize& size = h.size;
  const double times = h.train + h.validate, of_patches = h.basis() + h.base(),
               items = std::ceil(h.train / h.ranks), kept = 4 * items * h.tokens * (h.k + h.c),
               // Of one part of a batch: a rank computes its parts one after the other.
      at_once = std::ceil(static_cast<double>(size.training.batch) /
                          groups_of_batch(size.training, true, static_cast<int>(h.ranks))),
               losses =
                   (size.training.diffusion_weight > 0 ? 1 : 0) + (size.training.head_weight > 0 ? 1 : 0);
  return h.cache(times) + of_patches + h.encoded(h.validate) +
         largest({h.encoded(h.train) + h.encoded(h.train) + kept,
                  kept + 7 * h.parameters() + at_once * losses * h.activations(),
                  kept + 7 * h.parameters() + h.point_variance() + h.block * h.n * 8 * 3});
}

double downscale_bytes(const Holdings& h) {
  const StudySize& size = h.size;
  const double block =
                   std::min(static_cast<double>(size.sampling_block), static_cast<double>(size.downscale)),
               members = static_cast<double>(size.written_members);
  const bool network = size.uncertainty == Uncertainty::head || size.uncertainty == Uncertainty::ensemble;
  const double rows = size.uncertainty == Uncertainty::ensemble ? size.plan.batch : 2,
               groups =
                   size.uncertainty == Uncertainty::ensemble ? static_cast<double>(size.plan.groups()) : 1,
               items = std::ceil(block * groups * size.tiles() / h.ranks);
  double bytes = h.basis() + h.base() + h.point_variance() + h.forecasts(block) +
                 block * h.n * (8 * (3 + members) + 4 * 2) + 16 * h.n * h.k;
  if (size.coarsened) bytes += h.cache(static_cast<double>(size.downscale));
  if (members > 0) bytes += h.left_out();
  if (network)
    bytes += 2 * h.parameters() + 4 * items * size.tile_tokens() * (h.c + rows * h.k) +
             4 * block * groups * h.p * (h.c + rows * h.k * 2) +
             (size.uncertainty == Uncertainty::ensemble ? rows : 1) * h.activations() /
                 std::max(1, size.model.depth);
  return bytes;
}

double verify_bytes(const Holdings& h) {
  // Own rows, and on either side those that windows, boxes and their patches reach.
  const double members = static_cast<double>(h.size.written_members),
               parts = verify_parts(h.size, static_cast<int>(h.ranks)), own = h.field / parts,
               beyond = static_cast<double>((24 + 2 * h.size.patch_y) * h.size.nx * h.size.channels);
  return std::min(h.field, own + (parts > 1 ? beyond : 0)) * (16 * h.k + 1700 + 8 * members) + 16 * h.field;
}

}  // namespace

double predict_memory(Program program, const StudySize& size, int ranks) {
  const Holdings holdings(size, ranks);
  const double mib = 1.0 / (1 << 20);
  switch (program) {
    case Program::basis:
      return kStart + mib * basis_bytes(holdings);
    case Program::train:
      return kStartTorch + mib * train_bytes(holdings);
    case Program::downscale:
      return kStartTorch + mib * downscale_bytes(holdings);
    case Program::verify:
      return kStart + mib * verify_bytes(holdings);
  }
  return 0;
}

}  // namespace podscale
