#pragma once
// The loop of podscale-downscale over blocks of times.

#include <span>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/gaussian/functional.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/forecaster.hpp"
#include "podscale/study/product_file.hpp"

namespace podscale {

/// What goes into the product beside mean, variance and standard deviation.
struct DownscaleOptions {
  int members = 0;
  bool factors = true, budget = false, conformal = false;
  double interval = 0;  ///< 0: none
  std::vector<Functional> regions;
  std::vector<double> unit_scale;  ///< from the working units to those of the product, [channels]
};
/// Collective. Errors: usage (keys that do not go together), data (a region without ocean, units
/// that the working units do not convert to).
DownscaleOptions downscale_options(const Context& context, const Foundation& foundation);

/// Not collective. The channels as the product names them: as the HR source did, unless the
/// namelist says otherwise. Errors: usage (such a key for several channels).
std::vector<ProductVariable> product_variables(const StudyOptions& options, const Basis& basis);

/// Collective. Writes output.product_file for the LR steps. Errors: io, data (LR gaps), requeue (a
/// signal came: nothing is left behind, the next run starts again and gives the same bits).
void downscale(const Context& context, const Foundation& foundation, const Forecaster& forecaster,
               const DownscaleOptions& options, const std::shared_ptr<const FieldSource>& files, std::span<const long> steps);

/// Not collective. What &output says of a product on the grid of a basis.
ProductOptions product_options(const StudyOptions& asked, const Basis& basis);

}  // namespace podscale
