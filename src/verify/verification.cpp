#include "podscale/verify/verification.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/file/seal.hpp"
#include "podscale/study/series.hpp"
#include "podscale/verify/grid_agreement.hpp"
#include "podscale/verify/on_this_rank.hpp"

namespace podscale {
namespace {

std::string day(const Date& date) {
  return date_text(date).substr(0, 10);
}

std::string extent(const TimeAxis& times) {
  return times.dates.empty() ? "no time"
                             : fmt::format("{} to {}", day(times.dates.front()), day(times.dates.back()));
}

}  // namespace

Verification::Verification(const Communicator& comm, const Namelist& namelist,
                           const std::string& product_path, const std::string& basis_path,
                           std::vector<ComparedProduct> compared)
    : comm_(&comm),
      namelist_(&namelist),
      product_path_(product_path),
      basis_path_(basis_path),
      self_(Communicator::self()),
      compared_(std::move(compared)) {
  check_seal(comm, product_path);  // by all ranks together, before each opens the files for itself
  check_seal(comm, basis_path);
  for (const ComparedProduct& other : compared_) check_seal(comm, other.path);
  comm.agree([&] {
    on_this_rank([&] {
      open();
      match_times();
      picture_index();
    });
  });
  if (const double days = namelist.real("verify.block_days");
      comm.is_root() && namelist.integer("verify.bootstrap_samples") > 0 &&
      blocks_are_single_steps(matched_times(), days))
    log::warn(
        "verify.block_days = {}: a block is a single step of {}, so the intervals take its times as "
        "independent of each other; give some steps, 91 for months",
        days, product_path_);
  if (namelist.text("verify.event") != "none") open_training();
}

void Verification::open() {
  product_.emplace(self_, product_path_, namelist_->required_text("output.variable_name"));
  truth_.emplace(CfSource::open(self_, truth_spec(*namelist_)));
  require_close_grids(truth_->grid(), truth_->describe(), product_->grid(), product_path_);
  basis_.emplace(read_basis(self_, basis_path_));
  require_close_grids(product_->grid(), product_path_, grid_of(basis_->mesh), basis_path_);
  product_->require_basis(basis_path_);
  lr_ = open_lr(self_, *namelist_);
  baselines_.emplace(*lr_, *basis_, basis_path_);
  bound_.emplace(*basis_);
  for (const ComparedProduct& other : compared_) {
    compared_readers_.emplace_back(self_, other.path, namelist_->required_text("output.variable_name"));
    require_close_grids(compared_readers_.back().grid(), other.path, product_->grid(), product_path_);
  }
  std::vector<std::string> taken;
  for (const VerifiedSystem& system : systems()) taken.push_back(system.name);
  taken.erase(taken.begin() + 1, taken.begin() + 1 + static_cast<long>(compared_.size()));
  // score() may add the one that is not there yet.
  for (const char* name : {"bicubic_anomaly", "bilinear_anomaly"}) taken.emplace_back(name);
  require_distinct(compared_, taken);
}

void Verification::open_training() {
  same_on_all_ranks([&] {
    if (namelist_->text("verify.event") == "threshold" && !namelist_->given("verify.threshold"))
      fail(ExitCode::usage,
           "{}: verify.event = 'threshold' without verify.threshold; expected a temperature in degC; give it",
           namelist_->source());
    if (namelist_->required_texts("data.train").size() != 2)
      fail(ExitCode::usage, "{}: data.train: expected two dates, 'YYYY-MM-DD', 'YYYY-MM-DD'",
           namelist_->source());
  });
  training_.emplace(CfSource::open(*comm_, hr_spec(*namelist_)));
  comm_->agree([&] {
    require_close_grids(training_->grid(), training_->describe(), grid_of(basis_->mesh), basis_path_);
    const auto& train = namelist_->texts("data.train");
    training_steps_ = steps_between(training_->times(), train[0], train[1]);
    if (training_steps_.empty())
      fail(ExitCode::data,
           "{}: covers {}, nothing of data.train = '{}', '{}', which verify.event needs; "
           "give files of that period",
           training_->describe(), extent(training_->times()), train[0], train[1]);
  });
}

void Verification::match_times() {
  const TimeAxis& times = product_->times();
  std::vector<long> steps(times.values.size());
  std::iota(steps.begin(), steps.end(), 0L);
  if (const auto& period = namelist_->texts("data.downscale"); period.size() == 2)
    steps = steps_between(times, period[0], period[1]);
  if (steps.empty())
    fail(ExitCode::data,
         "{}: none of its times ({}) lies in data.downscale; expected some that do; downscale that period or "
         "change it",
         product_path_, extent(times));
  // A product or truth of one time cannot tell that it is monthly; the basis can.
  const auto may_be_monthly = [](const TimeAxis& axis) {
    return axis.is_monthly() || axis.dates.size() == 1;
  };
  const auto pairs_with = [&](const TimeAxis& other) {
    return match_steps(
        times, steps, other,
        basis_->monthly ? may_be_monthly(times) && may_be_monthly(other) : match_by_month(times, other));
  };
  std::map<long, Match> by_product;
  for (const StepPair& pair : pairs_with(truth_->times())) by_product[pair.a] = {pair.a, pair.b, -1, {}};
  if (by_product.empty())
    fail(ExitCode::data,
         "{}: covers {}, no date in common with {} ({} to {}); give truth of that period (data.truth_files)",
         truth_->describe(), extent(truth_->times()), product_path_,
         day(times.dates[static_cast<std::size_t>(steps.front())]),
         day(times.dates[static_cast<std::size_t>(steps.back())]));
  for (const StepPair& pair : pairs_with(lr_->times()))
    if (const auto found = by_product.find(pair.a); found != by_product.end()) found->second.lr = pair.b;
  for (const auto& [step, match] : by_product)
    if (match.lr >= 0) matched_.push_back(match);
  if (matched_.empty())
    fail(ExitCode::data,
         "{}: covers {}, no date in common with {}; give the LR files that it was made from (data.lr_files)",
         lr_->describe(), extent(lr_->times()), product_path_);
  for (std::size_t c = 0; c < compared_.size(); ++c) {
    std::map<long, long> step_of;
    for (const StepPair& pair : pairs_with(compared_readers_[c].times())) step_of[pair.a] = pair.b;
    std::erase_if(matched_, [&](const Match& match) { return !step_of.contains(match.product); });
    for (Match& match : matched_) match.compared.push_back(step_of[match.product]);
    if (matched_.empty())
      fail(ExitCode::data, "{}: covers {}, no date in common with {}; compare products of one period",
           compared_[c].path, extent(compared_readers_[c].times()), product_path_);
  }
  if (comm_->is_root() && matched_.size() < steps.size())
    log::warn(
        "{} of {} times of {} are left out: the truth, the LR source or another product has no such date",
        steps.size() - matched_.size(), steps.size(), product_path_);
}

TimeAxis Verification::matched_times() const {
  TimeAxis times = product_->times();
  const TimeAxis all = times;
  times.values.clear();
  times.dates.clear();
  for (const Match& match : matched_) {
    times.values.push_back(all.values[static_cast<std::size_t>(match.product)]);
    times.dates.push_back(all.dates[static_cast<std::size_t>(match.product)]);
  }
  return times;
}

std::string Verification::period() const {
  return extent(matched_times());
}

std::vector<std::string> Verification::describe() const {
  std::vector<std::string> lines = {
      fmt::format("product: {}, {}, variance {}, {} members", product_path_, extent(product_->times()),
                  product_->has_variance() ? "yes" : "no", product_->members()),
      fmt::format("truth: {}, {}", truth_->describe(), extent(truth_->times())),
      fmt::format("LR: {}, {}", lr_->describe(), extent(lr_->times())),
      fmt::format("verified: {} times, {}, {}", times(), period(), grid_corners(product_->grid()))};
  for (std::size_t c = 0; c < compared_.size(); ++c)
    lines.push_back(fmt::format("{}: {}, {}, variance {}, {} members", compared_[c].name, compared_[c].path,
                                extent(compared_readers_[c].times()),
                                compared_readers_[c].has_variance() ? "yes" : "no",
                                compared_readers_[c].members()));
  return lines;
}

long Verification::picture_index() const {
  const std::string& wanted = namelist_->text("verify.picture_date");
  if (namelist_->text("verify.picture_file").empty()) return -1;
  if (wanted.empty()) return times() / 2;
  const TimeAxis axis = matched_times();
  const Date date = parse_date(wanted, axis.calendar, "verify.picture_date");
  for (std::size_t k = 0; k < axis.dates.size(); ++k)
    if (axis.dates[k].year == date.year && axis.dates[k].month == date.month &&
        (axis.dates[k].day == date.day || axis.is_monthly()))
      return static_cast<long>(k);
  fail(
      ExitCode::usage,
      "verify.picture_date = '{}': not among the {} times that are verified, {}; expected one of them, or '' "
      "for the middle",
      wanted, times(), extent(axis));
}

}  // namespace podscale
