#pragma once
// The work of podscale-verify: product, truth, LR input and basis in; scores and the fields of a picture out.

#include <optional>
#include <string>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/series.hpp"
#include "podscale/verify/baselines.hpp"
#include "podscale/verify/bootstrap.hpp"
#include "podscale/verify/compared_product.hpp"
#include "podscale/verify/pod_bound.hpp"
#include "podscale/verify/product_reader.hpp"
#include "podscale/verify/score_accumulator.hpp"
#include "podscale/verify/scores_file.hpp"

namespace podscale {

/// Times are dealt over ranks in contiguous shares; a rank reads whole fields of its times with private
/// (self) access, so ranks need no step in common. Not movable: the readers refer to its communicator.
class Verification {
 public:
  /// Collective on comm, which must outlive it. Opens all inputs and matches their times by date within
  /// data.downscale (or all times of the product). compared: other products, scored on the same points and
  /// times. Errors: no_input, data (grids further apart than 1e-3 of a cell, no date in common with the
  /// truth, the LR source or another product; an event without training times), usage (verify.picture_date
  /// that is not among the times; verify.event = 'threshold' without verify.threshold; a system's name given
  /// twice).
  Verification(const Communicator& comm, const Namelist& namelist, const std::string& product_path,
               const std::string& basis_path, std::vector<ComparedProduct> compared = {});
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

  long times() const { return static_cast<long>(matched_.size()); }
  std::string period() const;  ///< "2010-01-01 to 2011-12-31"
  /// Inputs and what is verified, in lines for the log.
  std::vector<std::string> describe() const;

  /// Collective. Two passes over the truth: its range, then the scores; before them one over the LR training
  /// series, where there is one, and with an event one over that of the truth. One field of each kind in
  /// memory.
  ScoreAccumulator score();

  /// Rank 0 only, after score(). Writes the scores and, unless verify.picture_file is '', the fields of its
  /// picture. The text table is returned. Errors: io.
  std::string write(const ScoreAccumulator& scores, const std::string& scores_path,
                    const std::string& text_path);

 private:
  struct Match {
    long product, truth, lr;     // steps
    std::vector<long> compared;  // steps of the other products
  };
  void open();
  void match_times();
  void open_training();
  void fit_other_anomaly();
  long picture_index() const;
  std::vector<VerifiedSystem> systems() const;
  std::vector<double> year_fractions() const;
  BootstrapOptions bootstrap_options() const;
  void add_families(ScoreAccumulator& scores);
  void add_area_means(ScoreAccumulator& scores);
  std::vector<float> read_truth(long truth_step) const;
  TimeAxis matched_times() const;
  PictureFields picture_fields();

  const Communicator* comm_;
  const Namelist* namelist_;
  std::string product_path_, basis_path_;
  Communicator self_;
  std::optional<ProductReader> product_;
  std::optional<CfSource> truth_;
  std::shared_ptr<const FieldSource> lr_;
  std::optional<Basis> basis_;
  std::optional<Baselines> baselines_;
  bool has_other_anomaly_ = false;  // by the interpolation that is not that of the basis
  std::optional<PodBound> bound_;
  std::vector<ComparedProduct> compared_;
  std::vector<ProductReader> compared_readers_;
  std::optional<CfSource> training_;  // HR, on comm: where there is an event
  std::vector<long> training_steps_;
  std::vector<Match> matched_;
};

}  // namespace podscale
