#pragma once
// The product: mean, variance, standard deviation and, on request, members, as CF-1.8 NetCDF
// written in parallel.

#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/sample_layout.hpp"
#include "podscale/core/units.hpp"
#include "podscale/field/mesh_file.hpp"
#include "podscale/mesh/mesh.hpp"
#include "podscale/study/attributes.hpp"

namespace podscale {

/// A further field of each variable, <variable><suffix>.
struct ExtraField {
  enum Kind { value, variance, ratio };  ///< how units are converted
  std::string suffix, long_name;
  Kind kind = value;
};

/// One channel of the product.
struct ProductVariable {
  std::string name, standard_name, long_name, units;
  std::string working_units;   ///< of the values that are given to the writer
  std::string cell_methods{};  ///< of the field that is downscaled
};

/// A linear functional that is written as a series a region: of a channel, or of several.
struct RegionSeries {
  std::string name, long_name, units, working_units;
};

struct ProductOptions {
  std::vector<ProductVariable> variables;  ///< [channels]
  int members = 0;                         ///< written members, of each realization; 0 = none
  int first_member = 1;                    ///< number of the first
  bool members_only = false;               ///< no mean, variance and standard deviation
  int deflate = 1;
  bool zstd = false;               ///< instead of deflate, at that level
  double rounding = 0;             ///< of the std of each field that its values may lose; 0 = none
  std::vector<std::size_t> chunk;  ///< (y, x), see Decomposition::chunk_shape
  std::size_t chunk_times = 1;     ///< times stored together
  Attributes attributes;           ///< global: title, history, namelist, checksums ...
  std::vector<ExtraField> extra;
  std::vector<std::string> regions;         ///< names of area means, written as series
  std::vector<double> region_boxes;         ///< south, north, west, east of each
  std::vector<RegionSeries> region_series;  ///< what is averaged over each region
  bool spread = false;  ///< fields over all realizations, where there are several: see write_spread()
  /// [times] days from the HR analysis to the time, NaN without one; empty: no such variable.
  std::vector<double> history_age;
};

/// Over the realizations of a time, [values of a field] each: mean and variance are those of the
/// mixture of equal weights, so that variance = within + between.
struct RealizationSpread {
  std::vector<double> mean, within, between;
};

class ProductFile {
 public:
  /// Collective. window: this rank's part of the mesh. times: one series along time; several
  /// realizations, or runs that overlap, as SampleLayout says. Errors: io, data (units that the
  /// working units do not convert to).
  ProductFile(const Communicator& comm, const std::string& path, const Mesh& mesh, const Window& window,
              const SampleAxis& times, const ProductOptions& options);
  /// Collective. Times first .. first + steps - 1, in working units. mean, variance:
  /// [steps][channels][window points], NaN on land; members: [members][steps][channels][window
  /// points], empty if none are written; extra: as options.extra. Units are converted here.
  void write(std::size_t first, std::size_t steps, std::span<const double> mean,
             std::span<const double> variance, std::span<const double> members,
             const std::vector<std::vector<double>>& extra = {});
  /// The same of any samples, by their numbers among the times.
  void write(std::span<const std::size_t> samples, std::span<const double> mean,
             std::span<const double> variance, std::span<const double> members,
             const std::vector<std::vector<double>>& extra = {});
  /// Collective. A time of layout().times: <name>_ensemble_mean, _within_variance,
  /// _between_variance, _ensemble_std.
  void write_spread(std::size_t time, const RealizationSpread& spread);
  const SampleLayout& layout() const { return layout_; }
  /// Collective. Means and variances of the series: [steps][series][regions]; rank 0's values are
  /// written.
  void write_regions(std::span<const std::size_t> samples, std::span<const double> mean,
                     std::span<const double> variance);
  void write_regions(std::size_t first, std::size_t steps, std::span<const double> mean,
                     std::span<const double> variance);
  NetcdfFile& file() { return file_; }
  /// Collective. Renames the file into place.
  void commit() { file_.commit(); }

 private:
  static constexpr float kFill = 1e20f;
  static std::vector<std::size_t> samples_from(std::size_t first, std::size_t steps);
  void define_fields();
  void define_regions();
  void fill_regions(const SampleCell& cell);
  /// A channel of `values`, [cells][channels][window points], as scale * value + offset.
  struct Scaling {
    double scale = 1, offset = 0;
    std::span<const double> quanta{};
  };
  void put(const std::string& name, std::span<const SampleCell> cells, std::size_t channel,
           std::span<const double> values, const Scaling& scaling, const std::size_t* member = nullptr,
           bool over_realizations = false);
  void fill_empty_cells();
  std::vector<std::string> leading(bool over_realizations = false) const;  // dimensions of a field
  std::vector<std::size_t> start_of(const SampleCell& cell, bool over_realizations = false) const;
  /// Collective. What the values of each field are rounded to multiples of, in working units:
  /// [steps][channels].
  std::vector<double> quanta_of(std::size_t steps, std::span<const double> deviation) const;
  const Communicator* comm_;
  NetcdfFile file_;
  Window window_;
  idx_t mesh_points_;
  MeshNames mesh_;
  ProductOptions options_;
  SampleLayout layout_;
  std::string coordinates_, member_;  // beside time; the dimension of members
  std::vector<UnitConversion> conversion_, series_conversion_;
};

}  // namespace podscale
