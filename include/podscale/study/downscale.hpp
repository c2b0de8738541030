#pragma once
// The loop of podscale-downscale over blocks of times.

#include <memory>
#include <span>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/gaussian/functional.hpp"
#include "podscale/study/condition.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/forecaster.hpp"

namespace podscale {

class AppliedSource;
class RunIdentity;

/// What goes into the product beside mean, variance and standard deviation.
struct DownscaleOptions {
  int members = 0;
  bool factors = true, budget = false, conformal = false, running = false;
  bool spread = false;  ///< over the realizations
  double interval = 0;  ///< 0: none
  std::vector<Functional> regions;
  std::vector<double> unit_scale;  ///< from the working units to those of the product, [channels]
};
/// Collective. Errors: usage (keys that do not go together), data (a region without ocean, units
/// that the working units do not convert to).
DownscaleOptions downscale_options(const Context& context, const Foundation& foundation);

/// Not collective. Whether blocks of times are kept, and a finished product is left alone: not
/// with the running calibration, whose state goes on from run to run, nor with the files of
/// GHRSST.
bool may_be_resumed(const StudyOptions& options);

/// Collective. Writes output.product_file for these times of the training source or, where
/// `applied` is given, of that, which `files` then is too; analyses: nullptr without history;
/// past: the LR series at their times, nullptr: `files`. run: what all of it follows from. Errors:
/// io, data (LR gaps), requeue (a signal came: the next run goes on from the blocks that are
/// finished, see KeptBlocks, and gives the same bits).
void downscale(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options, const std::shared_ptr<const FieldSource>& files,
               std::span<const TimeInputs> times, const Analyses* analyses, const AppliedSource* applied,
               const std::shared_ptr<const FieldSource>& past, const RunIdentity& run);

}  // namespace podscale
