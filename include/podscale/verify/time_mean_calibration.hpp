#pragma once
// Whether the variance of means over time, from the factors of the product and the autocorrelation
// of its latents, is as honest as that of single times; and how errors and members persist.

#include <memory>
#include <span>
#include <vector>

#include "podscale/verify/area_mean_calibration.hpp"

namespace podscale {

/// Squared error over predicted variance of means over 1, 7, 30 and 90 days (of months: 1, 3, 12), at
/// points and of boxes of 8 points a side, about 36 of each spread over the mesh. Beside it the
/// autocorrelation of truth less mean at points, of members less mean, and what the factors say.
class TimeMeanCalibration : public ScoreFamily {
 public:
  using Product = AreaMeanCalibration::Product;
  /// Not collective. The same arguments on all ranks. products: with FactorReader::require_time met;
  /// systems: of all; cells: of each time on the lattice of the first product; block_cells: of a
  /// bootstrap block.
  TimeMeanCalibration(std::vector<Product> products, std::vector<VerifiedSystem> systems,
                      std::vector<long> cells, const BootstrapOptions& bootstrap, double block_cells,
                      long channel);
  void add(const ScoredTime& fields) override;
  /// time_mean_ratio(box_side, mean_length, timed_product), time_mean_relative(.., relative_bound),
  /// error_autocorrelation(lag, timed_product) and those of members and factors.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  /// Of a product: what is kept of every time, for each of its functionals.
  struct Kept {
    FunctionalSet set;
    std::vector<std::vector<std::pair<std::size_t, double>>> weights;  // [functionals] of points
    std::vector<std::size_t> side;                  // [functionals] which of kSides
    std::vector<std::vector<std::size_t>> patches;  // [functionals] that they touch
    std::vector<TimeCovariance> time;               // [functionals] of those patches
    std::vector<std::size_t> first;                 // [functionals] in the sums of a time
    std::size_t shared, members;
  };
  static Kept functionals_of(const Product& product, long channel, std::size_t members, std::size_t room,
                             std::size_t* width);
  struct AllKept {
    std::vector<Kept> of_products;
    std::size_t width = 0;  // of the sums of a time
  };
  static AllKept all_kept(const std::vector<Product>& products, const std::vector<VerifiedSystem>& systems,
                          long times, long channel);
  TimeMeanCalibration(AllKept kept, std::vector<Product> products, std::vector<VerifiedSystem> systems,
                      std::vector<long> cells, const BootstrapOptions& bootstrap, double block_cells);
  /// Squared error and variance of the mean of a functional over the cells from..to; nothing where
  /// under three quarters of them have a value.
  std::optional<std::pair<double, double>> judge(std::size_t product, std::size_t functional, long from,
                                                 long to) const;
  std::vector<double> autocorrelation(std::size_t product, long lag) const;  // errors, members, factors

  std::vector<Product> products_;
  std::vector<long> cells_;
  BootstrapOptions bootstrap_;
  double block_cells_;
  std::vector<Kept> kept_;
  // Sums of a time: [functionals of the products][has a value, error, v, members less mean, columns]
};

}  // namespace podscale
