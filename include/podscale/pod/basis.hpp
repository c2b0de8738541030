#pragma once
// The basis of a region: everything linear and fixed that turns its fields into tokens and back.

#include <cstdint>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/variable.hpp"
#include "podscale/mesh/remap.hpp"
#include "podscale/parallel/communicator.hpp"
#include "podscale/parallel/decomposition.hpp"
#include "podscale/pod/climatology.hpp"
#include "podscale/pod/codec.hpp"
#include "podscale/pod/lapping.hpp"
#include "podscale/pod/modes.hpp"
#include "podscale/pod/seams.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

/// LR cells with gaps in the training series, and what they are filled with; empty: none has any.
struct LrGaps {
  std::vector<unsigned char> cells;  ///< [points of the LR mesh] 1: filled where it has no value
  Climatology climatology;           ///< [terms][channels][points], 0 elsewhere
  std::vector<double> error;         ///< [channels][points] standard deviation of what is filled in
  bool empty() const { return cells.empty(); }
};

/// What every rank knows of the region, and this rank's part of the basis. A field has the values
/// of all channels on the rank's window, [channels][window points]; a patch holds its points in
/// all of them. Here and wherever a basis serves, anomalies, coefficients and their scales are
/// over the scale of the channel and variances (tau) over its square: of one channel that is its
/// own unit.
struct Basis {
  Basis(Mesh mesh, long patch_y, long patch_x, int ranks, int rank, long channels = 1)
      : Basis(mesh, patch_y, patch_x, Decomposition(mesh.ny(), mesh.nx(), patch_y, patch_x, ranks), rank,
              channels) {}
  Basis(Mesh mesh, long patch_y, long patch_x, Decomposition decomposition, int rank, long channels = 1)
      : mesh(std::move(mesh)),
        decomposition(std::move(decomposition)),
        window(this->decomposition.window_of(rank)),
        patch_y(patch_y),
        patch_x(patch_x),
        channel_scale(static_cast<std::size_t>(channels), 1.0) {}

  Mesh mesh;
  Decomposition decomposition;
  Window window;
  long patch_y, patch_x;
  /// Rows of patches of the region below the first one here: not 0 where `mesh` is a part of it
  /// that one process has read for itself (FactorReader).
  long first_patch_row = 0;
  /// Anomalies are divided by the scale of their channel, so that modes weigh all channels alike:
  /// one over the whole region, in the units of the channel. 1 where there is one channel.
  std::vector<double> channel_scale;
  std::vector<Variable> variables;    ///< [channels] of the HR source
  std::vector<std::string> lr_names;  ///< [channels] of the LR source
  std::vector<unsigned char> ocean;   ///< [window points], valid in all channels
  Mesh lr_mesh;
  std::vector<unsigned char> lr_ocean;  ///< [points of lr_mesh]
  LrGaps lr_gaps;
  Interpolation interpolation = Interpolation::bicubic;
  /// In its place: weights of another program, from the LR to the HR mesh. "": none.
  struct Weights {
    std::string path, checksum;
  } weights;
  Climatology hr_climatology,
      lr_climatology;  ///< of fields; the second of the LR source interpolated to HR
  int modes = 0;       ///< K
  bool shared = false;
  StudyYear year{};  ///< of the climatologies
  StepLength lr_step{};                        ///< of the LR training series: what a lag counts
  long samples = 0;      ///< training times
  Lapping lapping;       ///< how patches overlap; modes and tau belong to the folded field
  Seams seams;           ///< of what patches do not share; fitted with the base
  Patches patches;
  std::vector<double> condition_scale;  ///< [local patches][K]
  std::string effective_namelist;

  long channels() const { return std::ssize(channel_scale); }
  long points() const { return channels() * window.points(); }  ///< values of a field
  bool is_ocean(std::size_t value) const {
    return ocean[value % static_cast<std::size_t>(window.points())] != 0;
  }
  double scale_of(std::size_t value) const {
    return channel_scale[value / static_cast<std::size_t>(window.points())];
  }
  /// Area of the cell of a value over the mean cell area.
  double area_weight(std::size_t value) const {
    const long point = static_cast<long>(value) % window.points();
    return mesh.area_weight(window.y0 + point / window.nx, window.x0 + point % window.nx);
  }
  /// Collective where patches overlap; [count][values of a field] in place. See Lapping.
  void fold(std::span<double> fields, long count) const { lapping.fold(fields, count * channels()); }
  void unfold(std::span<double> fields, long count) const { lapping.unfold(fields, count * channels()); }
  /// The same of what is independent from patch to patch, and of its variances. See Seams.
  void fold_own(std::span<double> fields, long count) const {
    seams.present() ? seams.fold(lapping, fields, count) : fold(fields, count);
  }
  void unfold_own(std::span<double> fields, long count) const {
    seams.present() ? seams.unfold(lapping, fields, count) : unfold(fields, count);
  }
  void unfold_variance(std::span<double> fields, long count) const {
    seams.present() ? seams.unfold_variance(lapping, fields, count)
                    : lapping.unfold_variance(fields, count * channels());
  }

  /// Explained share of the variance, over all patches. Collective.
  double explained(const Communicator& comm) const;
  /// Collective. The tokens of the region, the same on every rank; condition values per token = K.
  TokenLayout layout(const Communicator& comm) const;
  /// Collective. Of meshes, masks, climatologies, modes, overlap and channel_scale; independent of
  /// the number of ranks.
  std::uint64_t checksum(const Communicator& comm) const;
  /// Collective. Makes patches overlap by so many points on each side of a border; ocean must be
  /// set.
  void overlap_patches(const Communicator& comm, long overlap) {
    lapping = Lapping(comm, decomposition, mesh.periodic(), ocean, overlap);
  }
  /// Not collective. StudyYear::at.
  double year_phase(const SampleAxis& axis, std::size_t step) const { return year.at(axis, step); }
  Codec codec() const { return {patches.mine, modes, points()}; }
};

}  // namespace podscale
