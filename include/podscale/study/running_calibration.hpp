#pragma once
// sampling.calibration = 'running': the level of the variance follows the truth that has arrived.
// What it remembers lies in a small file beside the product, so that a run a day gives the same
// bits as one run of all days.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/gaussian/running_variance.hpp"
#include "podscale/study/block_fields.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/foundation.hpp"

namespace podscale {

/// Not collective. output.running_file, or beside the product: product.running.nc.
std::string running_path(const OutputOptions& output);

class RunningCalibration {
 public:
  /// Collective. axis: the times of the product; made_by: what must be the same in the state, as
  /// the checksum of a basis. All arguments must outlive it. Reads the state where there is one.
  /// Errors: data (a state of another forecast, a damaged one; truth on another mesh), no_input.
  RunningCalibration(const Context& context, const Foundation& foundation, const SampleAxis& axis,
                     Attributes made_by);
  /// Collective. Scales the fields of times first .. of the axis in place, and takes them down for
  /// later times. Truth is used up to the valid time less the delay.
  void apply(const Forecaster::Batch& batch, std::size_t first, double truncation,
             const DownscaleOptions& options, BlockFields& fields);
  /// Collective. Writes the state. Errors: io.
  void commit();

 private:
  void restore();
  void read_truth(std::size_t first, std::size_t count);
  void pair(const SampleAxis& axis);
  double day(const SampleAxis& axis, std::size_t step) const;
  const Context& context_;
  const Basis& basis_;
  const SampleAxis& axis_;
  std::string path_;
  Attributes made_by_;
  std::shared_ptr<const FieldSource> truth_;
  RunningVariance variance_;
  std::map<double, Sample> samples_;             // of the records, by day
  std::map<double, long> truth_step_;            // by day, where there is one
  std::map<double, std::vector<float>> fields_;  // truth of this block
};

}  // namespace podscale
