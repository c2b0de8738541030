#pragma once
// What a product says of itself: its variables, how it is stored, where it comes from.

#include <string>
#include <vector>

#include "podscale/study/attributes.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/forecaster.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// Not collective. The channels as the product names them: as the HR source did, unless the
/// namelist says otherwise. Errors: usage (such a key for several channels).
std::vector<ProductVariable> product_variables(const StudyOptions& options, const Basis& basis);

/// Not collective. What &output says of a product on the grid of a basis.
ProductOptions product_options(const StudyOptions& asked, const Basis& basis);

/// Collective. Title, history, namelist, checksums, and over them output.attributes; what holds
/// for all files of a product.
Attributes product_attributes(const Context& context, const Foundation& foundation,
                              const Forecaster& forecaster, const std::vector<ProductVariable>& variables);

/// Not collective. What was done to the variance. regimes: of the times of the product; empty:
/// all 0. Coverage and half widths are left out where there are several: none holds for all times.
Attributes calibration_attributes(const Forecaster& forecaster, const std::string& method,
                                  std::span<const std::size_t> regimes = {});
/// Collective. The inflation of each regime of a product, back from its attributes.
std::vector<Inflation> inflations_of(const NetcdfFile& product, std::size_t regimes);

}  // namespace podscale
