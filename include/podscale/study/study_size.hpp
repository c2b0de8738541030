#pragma once
// How large a study is, in numbers: what the cost model needs of namelist and inputs.

#include <optional>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

/// Sizes of a region whose files are not there, or not yet.
struct GivenRegion {
  std::vector<long> region;  ///< rows and columns of HR; empty: from the files
  std::vector<long> times;   ///< of data.train, data.validate and data.downscale
  long factor = 0;           ///< HR points an LR cell along either axis; 0: data.coarsen_factor
  double ocean = 0.7;        ///< share of the points
  long variables = 1;
  bool given() const { return !region.empty() || !times.empty(); }
};

struct StudySize {
  // The region.
  long ny = 0, nx = 0, channels = 1;
  long patch_y = 8, patch_x = 8, overlap = 0;
  long lr_cells = 0;     ///< of the LR mesh
  double lr_factor = 8;  ///< HR points an LR cell along either axis
  double ocean = 1;      ///< share of the points
  bool coarsened = false;
  /// Share of ocean in the rectangle of a patch, [patches_y][patches_x]; empty: `ocean`
  /// everywhere.
  std::vector<float> ocean_of_patch;

  // Times.
  long train = 0, choosing = 0, held_out = 0, downscale = 0;
  long lags = 1;  ///< of base.lags

  // What is made of them: keys of the namelist.
  bool with_base = true;
  long modes = 16, harmonic_terms = 5, halo = 1, rank = 64, penalties = 1;
  long interpolations = 1;  ///< that the ridge regression may shrink to
  long time_block = 64, sampling_block = 16;
  double cache_mib = 1024;
  long calibration_times = 96;
  Uncertainty uncertainty = Uncertainty::base;
  EnsemblePlan plan;
  long sampler_steps = 1;
  bool write_factors = true;
  long written_members = 0;
  int deflate = 1;

  // The network.
  ModelOptions model;
  TrainingOptions training;
  ValidationOptions validation;
  /// Tokens that attend to each other: all of the region, or those of a tile with its halo.
  long tile_y = 0, tile_x = 0, tile_halo = 0;  ///< in patches; 0: the region is one tile

  long points() const { return ny * nx; }
  long patches_y() const { return (ny + patch_y - 1) / patch_y; }
  long patches_x() const { return (nx + patch_x - 1) / patch_x; }
  long predictors() const;  ///< LR values a patch, of all lags
  long condition() const { return (with_base ? predictors() : 0) + modes; }  ///< C
  double patches() const;                                                    ///< P, with ocean
  double patch_points() const {
    return static_cast<double>(points()) * ocean * static_cast<double>(channels) / patches();
  }
  long global_modes() const;  ///< R
  long global_tokens() const { return (global_modes() + modes - 1) / modes; }
  double tiles() const;        ///< work items a sample
  double tile_tokens() const;  ///< tokens of one, global ones included
  double parameters() const;   ///< of the network
  /// Of the network: multiplications and additions of one evaluation of a work item
  /// (doc/benchmarks.md).
  double forward_flops() const;
};

/// Collective on comm. From the namelist and the headers of its files (and one field, for the
/// land); or from `given` where it names a region. Errors: those of open_study; usage (sizes that
/// are wrong, or incomplete).
StudySize study_size(const Communicator& comm, StudyOptions options, const GivenRegion& given);

}  // namespace podscale
