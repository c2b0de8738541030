#pragma once
// The product: mean, variance, standard deviation and, on request, members, as CF-1.8 NetCDF written in
// parallel.

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "podscale/core/calendar.hpp"
#include "podscale/core/units.hpp"
#include "podscale/mesh/grid.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// A further field of the product, <variable><suffix>.
struct ExtraField {
  enum Kind { value, variance };  ///< degC or K2: how units are converted
  std::string suffix, long_name;
  Kind kind = value;
};

struct ProductOptions {
  std::string variable, standard_name, long_name, units;
  int members = 0;            ///< written members; 0 = none
  int first_member = 1;       ///< number of the first
  bool members_only = false;  ///< no mean, variance and standard deviation
  int deflate = 1;
  std::vector<std::size_t> chunk;  ///< (y, x), see Decomposition::chunk_shape
  std::vector<std::pair<std::string, std::string>>
      attributes;  ///< global: title, history, namelist, checksums ...
  std::vector<ExtraField> extra;
  std::vector<std::string> regions;         ///< names of area means, written as series
  std::vector<double> region_boxes;         ///< south, north, west, east of each
  std::function<void(NetcdfFile&)> define;  ///< more dimensions, variables, attributes; optional
};

class ProductFile {
 public:
  /// Collective. window: this rank's part of the grid. Errors: io, data (units that degrees Celsius do not
  /// convert to).
  ProductFile(const Communicator& comm, const std::string& path, const Grid& grid, const Window& window,
              const TimeAxis& times, const ProductOptions& options);
  /// Collective. Times first .. first + steps - 1. All [steps][window points], NaN on land; mean and members
  /// degC, variance K2; members [members][steps][window points], empty if none are written; extra: as
  /// options.extra. Units are converted here.
  void write(std::size_t first, std::size_t steps, std::span<const double> mean,
             std::span<const double> variance, std::span<const double> members,
             const std::vector<std::vector<double>>& extra = {});
  /// Collective. Area means of the regions: [steps][regions], degC and K2; rank 0's values are written.
  void write_regions(std::size_t first, std::size_t steps, std::span<const double> mean,
                     std::span<const double> variance);
  NetcdfFile& file() { return file_; }
  /// Collective. Renames the file into place.
  void commit() { file_.commit(); }

 private:
  void put(const std::string& name, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, const std::vector<float>& values);
  const Communicator* comm_;
  NetcdfFile file_;
  Window window_;
  ProductOptions options_;
  UnitConversion conversion_;
};

}  // namespace podscale
