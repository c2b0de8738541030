#pragma once
// Whether the variance of means over time, from the factors of the product and the autocorrelation
// of its latents, is as honest as that of single times; and how errors and members persist.

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "podscale/verify/area_mean_calibration.hpp"

namespace podscale {

/// Squared error over predicted variance of means over 1, 7, 30 and 90 days (of months: 1, 3, 12),
/// at points and of boxes of 8 points a side, about 36 of each spread over the mesh. Beside it the
/// autocorrelation of truth less mean at points, of members less mean, and what the factors say.
class TimeMeanCalibration : public ScoreFamily {
 public:
  using Product = AreaMeanCalibration::Product;
  /// Not collective. The same arguments on all ranks, save the rows of the factors. products: with
  /// FactorReader::require_time met; systems: of all; cells: of each time on the lattice of the
  /// first product; block_cells: of a bootstrap block.
  TimeMeanCalibration(std::vector<Product> products, std::vector<VerifiedSystem> systems,
                      std::vector<long> cells, const BootstrapOptions& bootstrap, double block_cells,
                      long channel);
  /// A place has sums of its own: there is nothing to add up over strips.
  void set_rows(const ScoredRows& rows) override { rows_ = rows; }
  void add(const ScoredTime& fields) override;
  void reduce(const Communicator& comm, const Communicator& peers) override;
  /// time_mean_ratio(box_side, mean_length, timed_product), time_mean_relative(..,
  /// relative_bound), error_autocorrelation(lag, timed_product) and those of members and factors.
  ScoreSection section(const ScoreUnits& units) const override;

 private:
  static constexpr std::array<long, 2> kSides = {1, 8};  // of boxes, points
  static constexpr std::size_t kHead = 3;                // has a value, error, truncation
  /// Of a product: what is kept of every time, for each of its functionals that begin on the own
  /// rows.
  struct Kept {
    FunctionalSet set;
    std::vector<std::vector<std::pair<long, double>>> weights;  // [functionals] of held points
    std::vector<std::size_t> side, place;  // [functionals] which of kSides; among those of the region
    std::vector<std::vector<std::size_t>> patches;  // [functionals] that they touch
    std::vector<TimeCovariance> time;               // [functionals] of those patches
    std::vector<std::size_t> first;                 // [functionals] in the sums of a time
    std::size_t shared, members, of_side;           // of_side: places of each side, in the region
  };
  Kept functionals_of(const Product& product, std::size_t* width) const;
  /// Once, before the first time or at the end.
  void prepare();
  std::span<const double> values_at(std::size_t time) const { return sums_.at(static_cast<long>(time)); }
  /// Squared error and variance of the mean of a functional over the cells from..to; nothing where
  /// under three quarters of them have a value.
  std::optional<std::pair<double, double>> judge(std::size_t product, std::size_t functional, long from,
                                                 long to) const;
  std::array<double, 6> lagged(std::size_t product, std::size_t functional, long lag) const;
  long windows(long cells) const;
  std::size_t values_of_place() const;
  // After reduce(), over the places of the region.
  std::vector<std::array<double, 4>> windows_of(std::size_t product, std::size_t side,
                                                std::size_t length) const;
  std::vector<double> autocorrelation(std::size_t product,
                                      std::size_t lag) const;  // errors, members, factors

  std::vector<Product> products_;
  std::vector<long> cells_;
  BootstrapOptions bootstrap_;
  double block_cells_;
  long channel_;
  std::vector<Kept> kept_;
  // Sums of a time: [functionals of the products][has a value, error, v, members less mean,
  // columns]
  std::vector<double> found_;  // [places of the products][values_of_place()], after reduce()
};

}  // namespace podscale
