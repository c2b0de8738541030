#include "podscale/verify/verification.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/core/pairing.hpp"
#include "podscale/core/sample_layout.hpp"
#include "podscale/core/strands.hpp"
#include "podscale/core/on_this_rank.hpp"
#include "podscale/field/averaged.hpp"
#include "podscale/field/series_view.hpp"
#include "podscale/file/seal.hpp"
#include "podscale/study/factor_file.hpp"
#include "podscale/study/lr_gaps.hpp"
#include "podscale/study/study_watch.hpp"
#include "podscale/verify/one_channel.hpp"

namespace podscale {
namespace {

std::string day(const Date& date) {
  return date_text(date).substr(0, 10);
}

std::string extent(const SampleAxis& times) {
  return times.samples.empty()
             ? "no time"
             : fmt::format("{} to {}", day(times.samples.front().date), day(times.samples.back().date));
}

void require_same_mesh(const Mesh& found, const std::string& what, const Mesh& expected,
                       const std::string& expected_what) {
  if (const auto difference = mesh_difference(found, expected))
    fail(ExitCode::data, "{}: its mesh differs from that of {}: {}; give files on one mesh", what,
         expected_what, *difference);
}

}  // namespace

Verification::Deal Verification::deal(const Communicator& comm, const VerifyOptions& options) {
  check_seal(comm, options.product_path);  // by all ranks together, before the files are read
  check_seal(comm, options.basis_path);
  check_seal(comm, factors_path(options.product_path));
  for (const ComparedProduct& other : options.compared) check_seal(comm, other.path);
  const BasisSize size = basis_size(comm, options.basis_path);
  const StripCut cut = cut_into_strips(size.ny, size.patch_y);
  Deal deal;
  deal.patch_rows = cut.patch_rows;
  const int parts = row_parts(comm.size(), std::ssize(cut.strips));
  deal.groups = comm.size() / parts;
  deal.part = comm.rank() % parts;
  deal.group = comm.rank() / parts;
  // Windows and boxes that begin on the own rows.
  const long largest =
      std::max({options.spectrum_window, static_cast<long>(options.window), AreaBoxes::sizes.back()});
  deal.rows = {size.ny, size.nx, cut.strips, share_of(std::ssize(cut.strips), parts, deal.part),
               largest, nullptr};
  return deal;
}

Verification::Verification(const Communicator& comm, const VerifyOptions& options, long channel)
    : comm_(&comm),
      options_(&options),
      channel_(channel),
      self_(Communicator::self()),
      deal_(deal(comm, options)),
      group_(comm.split(deal_.group)),
      peers_(comm.split(deal_.part)),
      rows_(group_, deal_.rows) {
  deal_.rows.ranks = &group_;
  comm.agree([&] {
    on_this_rank([&] {
      open();
      match_times();
      picture_index();
    });
  });
  if (comm.is_root() && options.bootstrap.samples > 0 &&
      blocks_are_single_steps(matched_times(), options.block_days))
    log::warn(
        "verify.block_days = {}: a block is a single step of {}, so the intervals take its times as "
        "independent of each other; give some steps, 91 for months",
        options.block_days, options.product_path);
  std::vector<long> of_truth;
  for (const Match& match : matched_) of_truth.push_back(match.truth);
  judge_values(*open_series(comm, options.truth, channel), of_truth, options.doubts, true);
  if (channel == 0) watch_overlap("data.downscale", options.downscale, *basis_, options.basis_path);
  if (options.event) open_training();
}

void Verification::open() {
  const std::string &product_path = options_->product_path, &basis_path = options_->basis_path;
  basis_.emplace(read_basis(group_, basis_path, deal_.patch_rows));
  const bool several = basis_->channels() > 1;
  if (several && !options_->variable.empty())
    fail(ExitCode::usage, "{}: output.variable_name = '{}' for {} variables; expected '': each keeps its own",
         options_->source, options_->variable, basis_->channels());
  for (const Variable& variable : basis_->variables)
    names_.push_back(options_->variable.empty() ? variable.name : options_->variable);
  const Variable& variable = basis_->variables[channel_];
  product_.emplace(group_, product_path, names_[channel_]);
  const std::string& working = variable.working_units;
  units_ = product_->units().empty() && working.empty() ? std::string(1, '1') : product_->units();
  if (!working.empty()) {
    unit_conversion(units_, working, product_path + ": " + names_[channel_]);  // a product without is refused
    to_units_ = unit_conversion(working, units_, product_path + ": " + names_[channel_]);
  }
  product_->put_on(basis_->mesh, basis_path);
  product_->restrict_to(deal_.rows.own());
  product_->pool_realizations();
  for (long c = 0; c < basis_->channels(); ++c) {
    truths_.push_back(open_series(group_, options_->truth, c));
    require_same_mesh(truths_[c]->mesh(), truths_[c]->describe(), basis_->mesh, basis_path);
    if (truths_[c]->times().values() != truths_[0]->times().values())
      fail(ExitCode::data, "{}: its times are not those of {}; give files that hold all variables",
           truths_[c]->describe(), truths_[0]->describe());
  }
  product_->require_basis(basis_path);
  lr_ = one_channel(ensemble_mean(with_gaps_filled(options_->open_product_lr(group_, *basis_), *basis_)),
                    channel_);
  require_same_mesh(lr_->mesh(), lr_->describe(), basis_->lr_mesh, basis_path + " (LR)");
  if (const std::string& units = lr_->variables()[0].working_units; units != working)
    if (!unit_conversion(units, working, lr_->describe()).identity())
      fail(ExitCode::data, "{}: is read in {}, but {} was made in {}; give the data.units of the basis",
           lr_->describe(), units, basis_path, working);
  baselines_.emplace(*lr_, *basis_, channel_);
  bound_.emplace(group_, *basis_, deal_.rows);
  open_history();
  for (const ComparedProduct& other : options_->compared) {
    compared_.emplace_back(group_, other.path, names_[channel_], product_->units());
    compared_.back().put_on(basis_->mesh, basis_path);
    compared_.back().restrict_to(deal_.rows.own());
    compared_.back().pool_realizations();
  }
  std::vector<std::string> taken;
  for (const VerifiedSystem& system : systems()) taken.push_back(system.name);
  taken.erase(taken.begin() + 1, taken.begin() + 1 + std::ssize(compared_));
  // score() may add the one that is not there yet.
  for (const char* name : {"bicubic_anomaly", "bilinear_anomaly"}) taken.emplace_back(name);
  require_distinct(options_->compared, taken);
}

std::shared_ptr<const FieldSource> Verification::open_series(const Communicator& comm,
                                                             const std::vector<CfSpec>& specs,
                                                             long channel) const {
  if (std::ssize(specs) != basis_->channels())
    throw Error(
        ExitCode::data,
        fmt::format("data.hr_variable names {} variables, but {} holds {}; expected as many, in the same "
                    "order",
                    specs.size(), options_->basis_path, basis_->channels()),
        true);
  const Variable& variable = basis_->variables[channel];
  CfSpec spec = specs[channel];
  if (!variable.working_units.empty()) spec.units = variable.working_units;
  spec.units_of = options_->basis_path;
  spec.mesh = basis_->mesh;
  return podscale::open_series(comm, spec);
}

void Verification::open_history() {
  const NetcdfFile& file = product_->file();
  if (!file.has_variable("history_age")) return;
  const std::vector<double> stored = file.get_all("history_age");
  const SampleLayout layout(product_->times(), product_->path());
  if (stored.size() != layout.runs() * layout.steps()) {
    log::warn("{}: history_age has {} values for {} times: no scores by age", product_->path(), stored.size(),
              product_->times().size());
    return;
  }
  if (!options_->open_past_lr && runs_overlap(lr_->times())) {
    log::warn("{}: it was told of analyses, but history.lr_files is not given: no scores by age", product_->path());
    return;
  }
  for (const SampleCell& cell : layout.cells) {
    const double age = stored[cell.run * layout.steps() + cell.step];
    ages_.push_back(age < 1e30 ? age : std::numeric_limits<double>::quiet_NaN());
  }
  analyses_ = open_series(group_, options_->history, channel_);
  require_same_mesh(analyses_->mesh(), analyses_->describe(), basis_->mesh, options_->basis_path);
  if (options_->open_past_lr) {
    past_lr_ = one_channel(with_gaps_filled(options_->open_past_lr(group_, *basis_), *basis_), channel_);
    require_same_mesh(past_lr_->mesh(), past_lr_->describe(), basis_->lr_mesh, options_->basis_path + " (LR)");
    past_baselines_.emplace(*past_lr_, *basis_, channel_);
  }
  of_analysis_.emplace(*analyses_, *lr_, past_lr_ ? *past_lr_ : *lr_, *basis_,
                       past_lr_ ? *past_baselines_ : *baselines_, channel_);
}

std::vector<double> Verification::matched_ages() const {
  std::vector<double> ages;
  for (const Match& match : matched_) ages.push_back(ages_[static_cast<std::size_t>(match.product)]);
  return ages;
}

void Verification::open_training() {
  training_ = open_series(*comm_, options_->training, channel_);
  comm_->agree([&] {
    require_same_mesh(training_->mesh(), training_->describe(), basis_->mesh, options_->basis_path);
    const auto& train = options_->train;
    training_steps_ = steps_between(training_->times(), train[0], train[1]);
    if (training_steps_.empty())
      fail(ExitCode::data,
           "{}: covers {}, nothing of data.train = '{}', '{}', which verify.event needs; "
           "give files of that period",
           training_->describe(), extent(training_->times()), train[0], train[1]);
  });
}

std::vector<ProductReader*> Verification::products() {
  std::vector<ProductReader*> list{&*product_};
  for (ProductReader& other : compared_) list.push_back(&other);
  return list;
}

namespace {

/// Steps of another series at the valid times of each run: of the same run, where it has runs that
/// overlap, too.
std::map<long, long> partners_by_run(const PairedSeries& own, std::span<const long> steps,
                                     const PairedSeries& other) {
  std::map<long, long> partner;
  const auto others = strands_of(other.axis, other.what);
  const auto all = [](std::size_t n) {
    std::vector<long> list(n);
    std::iota(list.begin(), list.end(), 0L);
    return list;
  };
  for (const Strand& strand : strands_of(own.axis, own.what)) {
    std::vector<long> mine;
    for (const long step : strand.steps)
      if (std::find(steps.begin(), steps.end(), step) != steps.end()) mine.push_back(step);
    const auto found = std::find_if(others.begin(), others.end(), [&](const Strand& s) {
      return !s.reference || (strand.reference && days_between(own.axis.calendar, *s.reference, *strand.reference) == 0);
    });
    if (found == others.end() || mine.empty()) continue;
    const SampleAxis a = subset(own.axis, mine), b = subset(other.axis, found->steps);
    for (const StepPair& pair : pair_steps(a, all(a.size()), b, all(b.size())).pairs)
      partner[mine[static_cast<std::size_t>(pair.a)]] = found->steps[static_cast<std::size_t>(pair.b)];
  }
  return partner;
}

}  // namespace

void Verification::match_times() {
  const SampleAxis& times = product_->times();
  std::vector<long> steps(times.size());
  std::iota(steps.begin(), steps.end(), 0L);
  const auto& period = options_->downscale;
  if (period.size() == 2) {
    require_days(period[0], period[1], times.calendar, "data.downscale", product_->path());
    steps = steps_between(times, period[0], period[1]);
  }
  if (steps.empty())
    fail(ExitCode::data,
         "{}: none of its times ({}) lies in data.downscale; expected some that do; downscale that period or "
         "change it",
         product_->path(), extent(times));
  const std::string name = period.size() == 2
                               ? fmt::format("data.downscale = '{}', '{}'", period[0], period[1])
                               : fmt::format("{} to {}", day(times[steps.front()].date), day(times[steps.back()].date));
  const PairedSeries own{"the product", "", product_->path(), times};
  const bool by_run = runs_overlap(times);
  const auto partners = [&](const PairedSeries& other, const std::string& cure) {
    if (by_run) return partners_by_run(own, steps, other);
    std::map<long, long> step_of;
    auto of_other = steps_between(other.axis, day(times.centre(static_cast<std::size_t>(steps.front()))),
                                  day(times.centre(static_cast<std::size_t>(steps.back()))));
    if (of_other.empty())  // a step may be as long as the period, its middle outside
      for (const StepPair& pair : pair_steps(times, steps, other.axis, of_other).pairs)
        of_other.push_back(pair.b);
    if (of_other.empty()) {
      const Date first = times.centre(static_cast<std::size_t>(steps.front()));
      const auto distance = [&](const Sample& s) {
        return std::abs(days_between(times.calendar, first, s.date));
      };
      const auto nearest =
          std::min_element(other.axis.samples.begin(), other.axis.samples.end(),
                           [&](const Sample& a, const Sample& b) { return distance(a) < distance(b); });
      fail(ExitCode::data, "{}: covers {}, no date in common with {} ({}){}; {}", other.what,
           extent(other.axis), product_->path(), name,
           nearest == other.axis.samples.end()
               ? ""
               : fmt::format(", its nearest to {} is {}", date_text(first), date_text(nearest->date)),
           cure);
    }
    for (const StepPair& pair : counted_pairs(name, own, steps, other, of_other)) step_of[pair.a] = pair.b;
    return step_of;
  };
  const auto truth = partners({"the truth", "hr", truths_[channel_]->describe(), truths_[channel_]->times()},
                              "give truth of that period (data.truth_files)");
  const auto lr = partners({"LR", "lr", lr_->describe(), lr_->times()},
                           "give the LR files that it was made from (data.lr_files)");
  std::vector<std::map<long, long>> others;
  for (const ProductReader& other : compared_)
    others.push_back(
        partners({other.path(), "", other.path(), other.times()}, "compare products of one period"));
  for (const long step : steps) {
    const auto in = [step](const std::map<long, long>& list) { return list.contains(step); };
    if (!in(truth) || !in(lr) || !std::all_of(others.begin(), others.end(), in)) continue;
    Match match{step, truth.at(step), lr.at(step), {}};
    for (const auto& other : others) match.compared.push_back(other.at(step));
    matched_.push_back(match);
  }
  if (matched_.empty())
    fail(ExitCode::data,
         "{}: no date in common with truth, LR source and all products together; give series of one period",
         product_->path());
  if (comm_->is_root() && matched_.size() < steps.size())
    log::warn(
        "{} of {} times of {} are left out: the truth, the LR source or another product has no such date",
        steps.size() - matched_.size(), steps.size(), product_->path());
}

SampleAxis Verification::matched_times() const {
  std::vector<long> steps;
  for (const Match& match : matched_) steps.push_back(match.product);
  return subset(product_->times(), steps);
}

std::string Verification::period() const {
  return extent(matched_times());
}

std::vector<std::string> Verification::describe() const {
  const auto line = [](const std::string& name, const ProductReader& reader) {
    return fmt::format("{}: {}, {}, variance {}, {} members", name, reader.path(), extent(reader.times()),
                       reader.has_variance() ? "yes" : "no", reader.members());
  };
  std::vector<std::string> lines = {
      line("product", *product_),
      fmt::format("truth: {}, {}", truths_[channel_]->describe(), extent(truths_[channel_]->times())),
      fmt::format("LR: {}, {}", lr_->describe(), extent(lr_->times())),
      fmt::format("verified: {} times, {}, {}", times(), period(), basis_->mesh.describe())};
  for (std::size_t c = 0; c < compared_.size(); ++c)
    lines.push_back(line(options_->compared[c].name, compared_[c]));
  if (!baselines_->has_bicubic())
    lines.push_back("no bicubic interpolation: the LR mesh has no axes of its own");
  if (const Mesh& mesh = basis_->mesh; mesh.kind() == MeshKind::plane && mesh.unit().metres == 0)
    lines.push_back("an image has no lengths: wavelengths are given in points, not in km");
  return lines;
}

long Verification::picture_index() const {
  const std::string& wanted = options_->picture_date;
  if (options_->picture_path.empty()) return -1;
  if (wanted.empty()) return times() / 2;
  const SampleAxis axis = matched_times();
  const Date date = parse_date(wanted, axis.calendar, "verify.picture_date");
  for (std::size_t k = 0; k < axis.size(); ++k)
    if (axis[k].date.year == date.year && axis[k].date.month == date.month &&
        (axis[k].date.day == date.day || axis.is_monthly()))
      return k;
  fail(
      ExitCode::usage,
      "verify.picture_date = '{}': not among the {} times that are verified, {}; expected one of them, or '' "
      "for the middle",
      wanted, times(), extent(axis));
}

}  // namespace podscale
