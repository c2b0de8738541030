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

/// Collective. Title, history, namelist, checksums, and over them output.attributes; what holds for
/// all files of a product.
Attributes product_attributes(const Context& context, const Foundation& foundation,
                              const Forecaster& forecaster, const std::vector<ProductVariable>& variables);

/// Not collective. What was done to the variance.
Attributes calibration_attributes(const Forecaster& forecaster, const std::string& method);

}  // namespace podscale
