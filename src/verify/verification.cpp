#include "podscale/verify/verification.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "podscale/base/error.hpp"
#include "podscale/base/log.hpp"
#include "podscale/verify/grid_agreement.hpp"
#include "podscale/verify/score_table.hpp"

namespace podscale {
namespace {

// An error that the private communicator of one rank "agreed" on is not agreed among all ranks.
template <class Work>
void on_this_rank(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    throw Error(error.code(), error.what());
  }
}

std::string day(const Date& date) {
  return date_text(date).substr(0, 10);
}

std::string extent(const TimeAxis& times) {
  return times.dates.empty() ? "no time"
                             : fmt::format("{} to {}", day(times.dates.front()), day(times.dates.back()));
}

}  // namespace

Verification::Verification(const Communicator& comm, const Namelist& namelist,
                           const std::string& product_path, const std::string& basis_path)
    : comm_(&comm),
      namelist_(&namelist),
      product_path_(product_path),
      basis_path_(basis_path),
      self_(Communicator::self()) {
  comm.agree([&] {
    on_this_rank([&] {
      open();
      match_times();
      picture_index();
    });
  });
}

void Verification::open() {
  product_.emplace(self_, product_path_, namelist_->required_text("output.variable_name"));
  truth_.emplace(Series::open(self_, truth_spec(*namelist_)));
  require_close_grids(truth_->grid(), truth_->describe(), product_->grid(), product_path_);
  basis_.emplace(read_basis(self_, basis_path_));
  basis_->patches = {};  // only masks and climatologies are needed from here on
  require_close_grids(product_->grid(), product_path_, basis_->grid, basis_path_);
  lr_.emplace(LowResolution::open(self_, *namelist_));
  baselines_.emplace(*lr_, *basis_, basis_path_);
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
  std::map<long, Match> by_product;
  for (const StepPair& pair : match_steps(times, steps, truth_->times()))
    by_product[pair.a] = {pair.a, pair.b, -1};
  if (by_product.empty())
    fail(ExitCode::data,
         "{}: covers {}, no date in common with {} ({} to {}); give truth of that period (data.truth_files)",
         truth_->describe(), extent(truth_->times()), product_path_,
         day(times.dates[static_cast<std::size_t>(steps.front())]),
         day(times.dates[static_cast<std::size_t>(steps.back())]));
  for (const StepPair& pair : match_steps(times, steps, lr_->times()))
    if (const auto found = by_product.find(pair.a); found != by_product.end()) found->second.lr = pair.b;
  for (const auto& [step, match] : by_product)
    if (match.lr >= 0) matched_.push_back(match);
  if (matched_.empty())
    fail(ExitCode::data,
         "{}: covers {}, no date in common with {}; give the LR files that it was made from (data.lr_files)",
         lr_->describe(), extent(lr_->times()), product_path_);
  if (comm_->is_root() && matched_.size() < steps.size())
    log::warn("{} of {} times of {} are left out: the truth or the LR source has no such date",
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
  return {fmt::format("product: {}, {}, variance {}, {} members", product_path_, extent(product_->times()),
                      product_->has_variance() ? "yes" : "no", product_->members()),
          fmt::format("truth: {}, {}", truth_->describe(), extent(truth_->times())),
          fmt::format("LR: {}, {}", lr_->describe(), extent(lr_->times())),
          fmt::format("verified: {} times, {}, {}", times(), period(), grid_corners(product_->grid()))};
}

std::vector<VerifiedSystem> Verification::systems() const {
  const bool bilinear = basis_->interpolation == Interpolation::bilinear;
  const std::string kind = bilinear ? "bilinear" : "bicubic";
  int behind = product_->variance_members();
  if (behind < 0)
    behind = namelist_->text("sampling.uncertainty") == "ensemble"
                 ? static_cast<int>(namelist_->integer("sampling.members"))
                 : 0;
  if (!product_->has_variance()) behind = 0;
  return {{"podscale", "the product", product_->has_variance(), product_->members() > 0, behind},
          {kind + "_anomaly", kind + " interpolation of the LR anomaly, on the HR climatology"},
          {"bicubic", "bicubic interpolation of the LR field"},
          {"bilinear", "bilinear interpolation of the LR field"},
          {"climatology", "HR climatology of the training period"}};
}

std::vector<float> Verification::read_truth(long truth_step) const {
  const Grid& grid = truth_->grid();
  std::vector<float> field(static_cast<std::size_t>(grid.points()));
  truth_->read({0, grid.ny(), 0, grid.nx()}, std::span(&truth_step, 1), field);
  return field;
}

ScoreAccumulator Verification::score() {
  const Share mine = share_of(times(), comm_->size(), comm_->rank());
  DataRange range;
  comm_->agree([&] {
    on_this_rank([&] {
      for (long k = mine.begin; k < mine.end; ++k)
        range.add(basis_->ocean, read_truth(matched_[static_cast<std::size_t>(k)].truth));
    });
  });
  SsimWindow window;
  window.size = static_cast<int>(namelist_->integer("verify.window"));
  ScoreAccumulator scores(product_->grid(), basis_->ocean, systems(), times(), range.reduce(*comm_), window);

  Progress progress("verify", mine.size(), "times a rank");
  comm_->agree([&] {
    on_this_rank([&] {
      ForecastFields forecast;
      BaselineFields baseline;
      for (long k = mine.begin; k < mine.end; ++k) {
        const Match& match = matched_[static_cast<std::size_t>(k)];
        product_->read(match.product, forecast);
        const Date& date = product_->times().dates[static_cast<std::size_t>(match.product)];
        baselines_->read(match.lr, year_fraction(product_->times().calendar, date), baseline);
        const Forecast forecasts[] = {forecast.view(),
                                      {baseline.anomaly, {}, {}},
                                      {baseline.bicubic, {}, {}},
                                      {baseline.bilinear, {}, {}},
                                      {baseline.climatology, {}, {}}};
        scores.add(k, forecasts, read_truth(match.truth), baseline.climatology);
        progress.update(k - mine.begin + 1);
      }
    });
  });
  progress.finish();
  scores.reduce(*comm_);
  return scores;
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

PictureFields Verification::picture_fields() {
  PictureFields picture;
  picture.time = picture_index();
  if (picture.time < 0) return picture;
  const Match& match = matched_[static_cast<std::size_t>(picture.time)];
  ForecastFields forecast;
  product_->read(match.product, forecast);
  picture.mean = std::move(forecast.mean);
  picture.deviation = std::move(forecast.variance);
  for (float& value : picture.deviation) value = std::sqrt(value);
  picture.truth = read_truth(match.truth);
  picture.low_resolution = baselines_->nearest(match.lr);
  return picture;
}

std::string Verification::write(const ScoreAccumulator& scores, const std::string& scores_path,
                                const std::string& text_path) {
  const std::string table = score_table(scores, period());
  on_this_rank([&] {
    const std::string long_name = namelist_->text("output.long_name");
    write_scores(scores_path,
                 {&scores, matched_times(), picture_fields(), namelist_->text("output.variable_name"),
                  long_name, "degC", product_path_, truth_->describe(), namelist_->effective()});
    const std::string temporary = text_path + ".tmp";
    std::ofstream text(temporary);
    text << table;
    text.close();
    std::error_code status;
    if (text) std::filesystem::rename(temporary, text_path, status);
    if (!text || status)
      fail(ExitCode::io, "{}: can't be written; check the folder and the space on its disk", text_path);
  });
  return table;
}

}  // namespace podscale
