#pragma once
// The scores of one variable of a product: product, truth, LR input and basis in; scores and the
// fields of a picture out.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "podscale/file/output_file.hpp"
#include "podscale/study/basis_file.hpp"
#include "podscale/study/product_reader.hpp"
#include "podscale/verify/analysis_baselines.hpp"
#include "podscale/verify/baselines.hpp"
#include "podscale/verify/held_rows.hpp"
#include "podscale/verify/options.hpp"
#include "podscale/verify/pod_bound.hpp"
#include "podscale/verify/score_accumulator.hpp"
#include "podscale/verify/scores_file.hpp"
#include "podscale/verify/time_mean_calibration.hpp"

namespace podscale {

/// Rows are dealt over ranks, and no rank holds more of the region (ScoredRows); ranks beyond the
/// strips of rows form groups that share the times. Those of a group read their rows of a time
/// together. Not movable: the readers refer to its communicators.
class Verification {
 public:
  /// Collective on comm, which must outlive it, as must options. channel: of the basis, that is
  /// which variable of the product. Opens all inputs and matches
  /// their times by date within data.downscale (or all times of the product). Other products are
  /// scored on the same points and times. Errors: no_input, data (other meshes, no date in common
  /// with the truth, the LR source or another product; an event without training times), usage
  /// (verify.picture_date that is not among the times; a system's name given twice).
  Verification(const Communicator& comm, const VerifyOptions& options, long channel = 0);
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

  long times() const { return matched_.size(); }
  /// Names of all variables of the product.
  const std::vector<std::string>& variables() const { return names_; }
  std::string period() const;  ///< "2010-01-01 to 2011-12-31"
  /// Inputs and what is verified, in lines for the log.
  std::vector<std::string> describe() const;

  /// Collective. Two passes over the truth: its range, then the scores; before them one over the
  /// LR training series, where there is one, and with an event one over that of the truth. The
  /// rows of one field of each kind in memory.
  ScoreAccumulator score();

  /// Collective, after score(). The series of the picture: at the ocean point of largest mean
  /// standard deviation, of the run that holds the time of the picture, a year of steps around it
  /// at most. Groups share its times.
  void follow_point(const ScoreAccumulator& scores);

  /// Collective, after score(). Rank 0 writes the scores and, unless there is none, the fields of
  /// its picture. The table is returned there; `text` (of rank 0) gets it, behind `earlier`
  /// tables, before the scores are renamed: once it is committed both are there. Errors: io.
  std::string write(const ScoreAccumulator& scores, const std::string& scores_path, const OutputFile* text,
                    const std::string& earlier = {});

 private:
  struct Match {
    long product, truth, lr;     // steps
    std::vector<long> compared;  // steps of the other products
  };
  /// How rows and times are dealt.
  struct Deal {
    ScoredRows rows;
    long patch_rows = 1;      // of a strip
    int groups = 1;           // that share the times
    int part = 0, group = 0;  // of this rank: of the rows, of the times
  };
  static Deal deal(const Communicator& comm, const VerifyOptions& options);
  void open();
  /// A channel of a series, in the working units of the basis.
  std::shared_ptr<const FieldSource> open_series(const Communicator& comm, const std::vector<CfSpec>& specs,
                                                 long channel) const;
  void match_times();
  void open_training();
  void open_history();
  std::vector<double> matched_ages() const;
  void fit_other_anomaly();
  long picture_index() const;
  /// The product and those that it is compared with.
  std::vector<ProductReader*> products();
  std::vector<VerifiedSystem> systems() const;
  std::vector<double> year_fractions() const;
  BootstrapOptions bootstrap_options() const;
  void add_families(ScoreAccumulator& scores);
  void add_area_means(ScoreAccumulator& scores);
  void add_time_means(ScoreAccumulator& scores, std::vector<AreaMeanCalibration::Product> list);
  std::vector<double> matched_days() const;
  std::vector<unsigned char> whole_ocean() const;  // collective on the group
  /// Collective on the group. The own rows.
  std::vector<float> read_truth(long channel, long truth_step);
  /// The times of this rank, so that the ranks of a group share the reading of them.
  void expect_times();
  struct TimeFields;
  void read_time(const Match& match, double phase, TimeFields& time);
  void add_time(long k, TimeFields& time, ScoreAccumulator& scores) const;
  Share my_times() const { return share_of(times(), deal_.groups, deal_.group); }
  /// From the units of the sources to those of the product.
  void convert(std::span<float> field) const;
  SampleAxis matched_times() const;
  /// Collective. Whole fields on rank 0.
  PictureFields picture_fields();
  std::vector<std::vector<float>> picture_members(const Match& match, const ProductFields& own,
                                                  const std::vector<float>& mean) const;
  std::vector<std::vector<float>> drawn_members(const Match& match,
                                                const std::vector<std::vector<float>>& means,
                                                const std::vector<float>& running) const;

  const Communicator* comm_;
  const VerifyOptions* options_;
  long channel_;
  Communicator self_;
  Deal deal_;
  Communicator group_, peers_;  // of one share of the times; of the same rows
  HeldRows rows_;               // of the group
  std::optional<ProductReader> product_;
  std::string units_;        // of the product
  UnitConversion to_units_;  // from those of the sources
  std::vector<std::string> names_;
  std::vector<std::shared_ptr<const FieldSource>> truths_;  // [channels]
  std::vector<ReadAhead> ahead_;                            // of the truths, once their order is known
  std::shared_ptr<const FieldSource> lr_;
  std::optional<Basis> basis_;
  std::optional<Baselines> baselines_;
  bool has_other_anomaly_ = false;  // by the interpolation that is not that of the basis
  std::optional<PodBound> bound_;
  std::vector<double> ages_;  // [times of the product] of its analyses, NaN without; empty: no history
  std::shared_ptr<const FieldSource> analyses_, past_lr_;  // past: nullptr where it is lr_
  std::optional<Baselines> past_baselines_;
  std::optional<AnalysisBaselines> of_analysis_;
  std::vector<ProductReader> compared_;
  std::shared_ptr<const FieldSource> training_;  // HR, on comm: where there is an event
  std::vector<long> training_steps_;
  std::vector<Match> matched_;
  PointSeries series_;
};

/// Of one variable: what the picture script needs.
struct ScoresPicture {
  std::string scores, path;
};
/// Collective. All variables of the product, one after the other; returns the pictures that are to
/// be drawn once MPI is down (rank 0). Nothing is written under --check.
struct Context;
std::vector<ScoresPicture> run_verification(const Context& context, const VerifyOptions& options);

}  // namespace podscale
