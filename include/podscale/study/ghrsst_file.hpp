#pragma once
// Analyses of sea surface temperature as GHRSST distributes them: one file a time, of level 4, in
// the shape of the GHRSST Data Processing Specification (GDS) 2.1, chapter 11.

#include <span>
#include <string>
#include <vector>

#include "podscale/core/units.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// Not collective, the same on every rank. The conversion to kelvin. Errors, agreed: usage where
/// GDS cannot say it: several variables, units that are no temperature, a mesh without axes of
/// latitude and longitude, a calendar that is not the one in use (GDS counts seconds since 1981).
UnitConversion require_ghrsst(const Mesh& mesh, const SampleAxis& times, const ProductOptions& options);

class GhrsstFiles {
 public:
  /// Not collective; the same arguments on every rank. folder, name: the files are
  /// <folder>/<YYYYMMDDhhmmss>-<name>.nc. options: of the product, with the attributes that all
  /// its files have, which come first; ocean: [window points], 1 = water. Errors of
  /// require_ghrsst.
  GhrsstFiles(const Communicator& comm, const std::string& folder, const std::string& name, const Mesh& mesh,
              const Window& window, std::vector<unsigned char> ocean, const SampleAxis& times,
              const ProductOptions& options);
  /// Collective. The file of one time, complete when this returns. mean, variance: [window points]
  /// in working units, NaN on land. analysed_sst in 0.01 K, analysis_error the standard deviation,
  /// at least 0.01 K. Sea ice is not known here: its fraction is missing everywhere. Errors: io;
  /// data for temperatures that GDS has no room for (below -3 or above 45 degC).
  void write(std::size_t time, std::span<const double> mean, std::span<const double> variance);
  std::string path(std::size_t time) const;

 private:
  void define_axes(NetcdfFile& file) const;
  void define_fields(NetcdfFile& file) const;
  /// What the types of GDS cannot hold is refused.
  void require_range(std::size_t time, std::span<const double> mean, std::span<const double> variance) const;
  void put_values(NetcdfFile& file, std::size_t time, std::span<const double> mean,
                  std::span<const double> variance) const;
  const Communicator* comm_;
  std::string folder_, name_;
  Mesh mesh_;
  Window window_;
  std::vector<unsigned char> ocean_;
  SampleAxis times_;
  ProductOptions options_;
  UnitConversion to_kelvin_;
};

}  // namespace podscale
