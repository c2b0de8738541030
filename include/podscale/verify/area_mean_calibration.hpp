#pragma once
// Whether the variance of area means, from the factors in the product, is as honest as that of
// single points.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "podscale/study/factor_reader.hpp"
#include "podscale/verify/area_boxes.hpp"
#include "podscale/verify/bootstrap.hpp"
#include "podscale/verify/score_family.hpp"

namespace podscale {

/// Squared error over predicted variance of means over the boxes of AreaBoxes; with the covariance
/// between patches, and without it. A covariance that is right has the same ratio at every size.
class AreaMeanCalibration : public ScoreFamily {
 public:
  /// A product with its factors: its name, its number as a system, the steps of the factors at
  /// each time of the period, [times][realizations]; scale: from the units of the product to those
  /// of the fields. Of several realizations the variance is that of their mixture: the mean of
  /// theirs, plus the variance of their area means (Forecast::means, in the same order), which
  /// enters whole also where the covariance between patches is left out.
  struct Product {
    std::string name;
    std::size_t system;
    std::shared_ptr<const FactorReader> factors;
    std::vector<std::size_t> steps;
    double scale = 1;
    std::size_t realizations = 1;
  };
  /// Not collective. The same arguments on all ranks; each reads the factors of its own times and
  /// rows. channel: of the factors.
  AreaMeanCalibration(std::vector<Product> products, long times, const BootstrapOptions& bootstrap = {},
                      long channel = 0);
  void set_rows(const ScoredRows& rows) override;
  void add(const ScoredTime& fields) override;
  /// area_mean_ratio(box_size, product) and area_mean_relative(box_size, product, bound), over
  /// that of single points with its interval over blocks of time; both also with the suffix
  /// _inside_patches.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  /// Squared error over variance of the boxes of a size, over these times.
  double ratio(std::span<const long> times, std::size_t product, std::size_t size, bool cross) const;
  std::vector<Product> products_;
  BootstrapOptions bootstrap_;
  long channel_;
  std::vector<AreaBoxes> boxes_;  // of the products, once there is a time
  // Sums of a time: [products][sizes][squared error, variance, variance inside patches]
};

}  // namespace podscale
