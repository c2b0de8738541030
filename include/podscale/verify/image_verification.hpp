#pragma once
// podscale-verify of a product of images.

#include <string>
#include <vector>

#include "podscale/study/context.hpp"
#include "podscale/verify/image_scores.hpp"
#include "podscale/verify/verification.hpp"

namespace podscale {

/// Scores of all images of a product that hold a truth and show enough.
struct ImageSetScores {
  std::vector<std::string> names{};
  std::vector<ImageScores> images{};
  ImageProtocol protocol{};
  std::string product{}, method{}, namelist{};
  /// Mean over the images of which the score is finite; NaN where there is none. part:
  /// &ImageScores::podscale, ...
  double mean(ImageScoreRow ImageScores::*part, ImageColumn column) const;
  Sparsification sparsification() const;  ///< mean over images
  DeviationClasses deviations() const;    ///< sums over images
  ImageSpectra spectra() const;           ///< mean over images
  BoxScores boxes() const;                ///< sums over the images that are large enough
};

/// Not collective. The means as a table, below it every image, classes of standard deviation, and
/// what the columns mean.
std::string image_score_table(const ImageSetScores& scores);

/// Rank 0 only. scores.nc; panels: the image that a picture is drawn of, with a mean, or none.
/// Errors: io.
void write_image_scores(const std::string& path, const ImageSetScores& scores, const ImageResult& panels);

/// Collective. Images are dealt over ranks. Returns the picture that is to be drawn once MPI is
/// down (rank 0). Writes nothing under --check. Errors: no_input, data (no product of images, no
/// truth in it, no image verify.picture_image), io.
std::vector<ScoresPicture> run_image_verification(const Context& context);

}  // namespace podscale
