#pragma once
// Whether the residuals are larger where the LR field has much contrast: from the training
// residuals, kept where the validation period agrees.

#include "podscale/study/encoded_period.hpp"

namespace podscale {

/// Collective. Of a base with its regression, before its residual covariance. Exact sums over
/// patches: the same bits at any number of ranks. coefficients 0, with the reason, where the
/// likelihood of the validation period does not gain.
ContrastSpread fit_contrast(const Communicator& comm, const Basis& basis, const LinearGaussian& base,
                            const EncodedPeriod& train, const EncodedPeriod& validate);

}  // namespace podscale
