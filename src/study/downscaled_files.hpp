#pragma once
// All files of a run of podscale-downscale that are written block by block: the product, its
// factors, the running calibration, and those of GHRSST.

#include <cstdint>
#include <optional>
#include <span>

#include "podscale/study/applied_source.hpp"
#include "podscale/study/block_fields.hpp"
#include "podscale/study/ghrsst_file.hpp"
#include "podscale/study/product_factors.hpp"
#include "podscale/study/realization_spread.hpp"
#include "podscale/study/running_calibration.hpp"
#include "podscale/study/signal_field.hpp"

namespace podscale {

class DownscaledFiles {
 public:
  /// Collective. times: those of the axis; has_history: they are told of HR analyses, where there
  /// are some. applied: nullptr, or the source in place of the training's. run:
  /// RunIdentity::checksum. All arguments must outlive it. Errors: io, data (units).
  DownscaledFiles(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
                  const DownscaleOptions& options, const SampleAxis& axis, std::span<const TimeInputs> times,
                  bool has_history, const AppliedSource* applied, const std::string& run);
  DownscaledFiles(const DownscaledFiles&) = delete;
  const SampleLayout& layout() const { return product_->layout(); }
  /// Not collective. Adds to a field what an applied source has at a time beside the forecast.
  void add_signal(std::size_t time, std::span<double> field) const;
  /// Collective. A block of times: the running calibration first takes its part of the fields,
  /// which are then written. condition, raised: as those of the forecasts' request.
  void write(std::span<const std::size_t> block, const Forecaster::Batch& batch,
             std::span<const float> condition, std::span<const float> raised, BlockFields& fields);
  /// Not collective, the same on every rank. Whether no field waits in memory for those of the
  /// next block.
  bool all_written() const { return sums_->empty(); }
  /// Not collective. That a block is put into, and how large they are at most.
  std::vector<NetcdfFile*> files();
  std::uint64_t most_bytes();
  /// Collective, after the last block: factors, product, running calibration.
  void commit();

 private:
  ProductOptions fields_of_product(const OutputOptions& output, bool has_history) const;
  void create_factors(const Foundation& foundation, const Forecaster& forecaster, const SampleAxis& axis,
                      std::span<const std::size_t> regimes, const ProductOptions& written,
                      const Attributes& about);

  const Context& context_;
  const Basis& basis_;
  const DownscaleOptions& options_;
  double truncation_;  // of the inflation
  std::span<const TimeInputs> times_;
  const AppliedSource* applied_;
  std::optional<SignalField> signal_;
  std::optional<ProductFile> product_;
  std::optional<ProductFactors> factors_;
  std::optional<NetcdfFile> factor_file_;
  std::optional<RunningCalibration> running_;
  std::optional<GhrsstFiles> ghrsst_;
  std::optional<SpreadSums> sums_;
};

}  // namespace podscale
