// Truths drawn from the very covariance that the product carries: squared error over variance is 1
// at every size, and too large where the covariance between patches is left out.
#include "podscale/verify/area_mean_calibration.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "podscale/parallel/row_strips.hpp"
#include "podscale/study/product_factors.hpp"
#include "scratch.hpp"
#include "synthetic.hpp"

using namespace podscale;

namespace {

constexpr long kTimes = 400;
constexpr int kMembers = 6;

std::string path_of(const std::string& name) {
  static const test::ScratchFolder folder(Communicator::self());
  return folder / name;
}

/// A product of the factors of one forecast at every time. members: 0 for independent latents.
std::string write_product(const Communicator& comm, const synthetic::Study& study, const std::string& name,
                          int members, const CoefficientForecast& forecast) {
  const std::string path = path_of(name);
  SampleAxis days;
  days.units = "days since 2000-01-01";
  for (long t = 0; t < kTimes; ++t) days.samples.push_back({static_cast<double>(t), {}});
  const ProductFactors factors(comm, study.space, members, 1.0, 0);
  const auto tie = factor_tie(path, name);
  NetcdfFile file = NetcdfFile::create(comm, path);
  put_attributes(file, tie);
  file.end_definitions();
  file.commit();
  NetcdfFile beside = factors.create(factors_path(path), days, {"tos"}, tie);
  for (std::size_t t = 0; t < kTimes; ++t) factors.put(beside, std::vector{t}, {forecast}, study.condition);
  beside.commit();
  return path;
}

CoefficientForecast of_base(const synthetic::Study& study) {
  const float phase = 0;
  const std::uint64_t key = 0;
  return base_forecast(study.space)({study.condition, std::span(&phase, 1), std::span(&key, 1)}, Inflation{})
      .front();
}

/// Deviations of kMembers members: warmer or colder as a whole, so that they covary across
/// patches, and noise.
CoefficientForecast of_members(const synthetic::Study& study) {
  CoefficientForecast forecast;
  forecast.shared = kMembers;
  const auto shift = synthetic::normals(kMembers, 20);
  for (const PatchModes& patch : study.basis.patches.mine) {
    const std::size_t modes = patch.modes;
    const std::size_t d = patch.points.size();
    auto factor = synthetic::normals(kMembers * modes, 21, patch.patch);
    for (std::size_t i = 0; i < factor.size(); ++i) {
      const double* mode = patch.phi.data() + i % modes * d;
      factor[i] = 0.3 * factor[i] + shift[i / modes] * std::accumulate(mode, mode + d, 0.0);
    }
    forecast.factor.push_back(std::move(factor));
  }
  return forecast;
}

/// Noise of the modes that were left out, K.
void add_truncation_noise(const Basis& basis, long time, std::span<double> field) {
  const auto fine = synthetic::normals(basis.ocean.size(), 99, time);
  for (const PatchModes& patch : basis.patches.mine)
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t point = patch.points[i];
      field[point] += std::sqrt(patch.tau[i]) * fine[point];
    }
}

/// One draw of the members' covariance and diag(tau), K.
std::vector<float> draw(const synthetic::Study& study, const CoefficientForecast& forecast, long time) {
  const Basis& basis = study.basis;
  const auto z = synthetic::normals(kMembers, 98, time);
  PatchColumns coefficients;
  for (std::size_t p = 0; p < basis.patches.mine.size(); ++p) {
    const std::size_t modes = basis.patches.mine[p].modes;
    std::vector<double> a(modes, 0.0);
    for (std::size_t m = 0; m < z.size(); ++m)
      for (std::size_t k = 0; k < modes; ++k) a[k] += z[m] * forecast.factor[p][m * modes + k];
    coefficients.push_back(std::move(a));
  }
  std::vector<double> field(basis.ocean.size());
  basis.codec().decode(coefficients, 0, 1, field);
  add_truncation_noise(basis, time, field);
  basis.lapping.unfold(field, 1);
  return {field.begin(), field.end()};
}

/// One draw of N(0, Phi Sigma Phi^T + diag(tau)), K.
std::vector<float> draw(const synthetic::Study& study, long time) {
  const Basis& basis = study.basis;
  const std::size_t k = basis.modes, local = basis.patches.mine.size(), rank = study.space.global_modes();
  const LatentForecast latent{std::vector<double>(rank, 0.0), std::vector<double>(rank, 1.0),
                              std::vector<double>(local * k, 0.0), std::vector<double>(local * k, 1.0)};
  std::vector<float> noise((local + static_cast<std::size_t>(study.space.global_tokens())) * k);
  CounterRandom(3, Stream::test).fill_normal(std::span(noise), static_cast<std::uint32_t>(time));
  const std::vector<float> nothing(study.condition.size(), 0.0f);
  const auto a = draw_coefficients(study.space, latent, noise, nothing);
  std::vector<double> field(basis.ocean.size());
  basis.codec().decode(a, 1, field);
  add_truncation_noise(basis, time, field);
  basis.lapping.unfold(field, 1);
  return {field.begin(), field.end()};
}

const std::vector<double>& values_of(const ScoreSection& section, std::string_view name) {
  for (const ScoreVariable& variable : section.variables)
    if (variable.name == name) return variable.values;
  throw std::runtime_error("no variable " + std::string(name));
}

class AreaMeans : public ::testing::Test {
 protected:
  explicit AreaMeans(long overlap = 0)
      : study_(comm_, synthetic::global_modes, overlap),
        members_(of_members(study_)),
        base_path_(write_product(comm_, study_, "base.nc", 0, of_base(study_))),
        members_path_(write_product(comm_, study_, "members.nc", kMembers, members_)) {}
  ~AreaMeans() override {
    for (const std::string& path : {base_path_, members_path_})
      for (const std::string& file : {path, factors_path(path)}) std::filesystem::remove(file);
  }

  /// Scores of products against truths of the base's covariance, or of the members'. Systems 0 and
  /// 2 have the mean 0 that is right, system 1 has 0.5 K.
  ScoreSection score(std::vector<AreaMeanCalibration::Product> products, bool truth_of_members,
                     const BootstrapOptions& options = {200, 1, 1, 0.95}) const {
    for (AreaMeanCalibration::Product& product : products) {
      product.steps.resize(kTimes);
      std::iota(product.steps.begin(), product.steps.end(), std::size_t{0});
    }
    AreaMeanCalibration scores(std::move(products), kTimes, options);
    std::vector<double> weights;
    for (const unsigned char ocean : study_.basis.ocean) weights.push_back(ocean);
    const std::vector<float> zero(weights.size(), 0.0f), half(weights.size(), 0.5f);
    const Forecast forecasts[] = {{zero, {}, {}}, {half, {}, {}}, {zero, {}, {}}};
    for (long t = 0; t < kTimes; ++t) {
      const auto truth = truth_of_members ? draw(study_, members_, t) : draw(study_, t);
      scores.add({t, weights, forecasts, truth, zero});
    }
    scores.reduce(comm_);
    return scores.section({});
  }

  /// 1 at every size, and not so without the covariance between patches.
  static void expect_right(const ScoreSection& section, bool overlap = false) {
    const auto &across = values_of(section, "area_mean_ratio"),
               &inside = values_of(section, "area_mean_ratio_inside_patches"),
               &relative = values_of(section, "area_mean_relative");
    for (std::size_t s = 0; s < 4; ++s) {  // 1, 2, 4, 8 points; 16 do not fit
      EXPECT_NEAR(across[s], 1, 0.16)
          << s;  // some 7 % of chance: 400 draws of few effective degrees of freedom
      EXPECT_NEAR(relative[3 * s], across[s] / across[0], 1e-12);
      EXPECT_LE(relative[3 * s + 1], relative[3 * s]);
      EXPECT_GE(relative[3 * s + 2], relative[3 * s]);
    }
    EXPECT_EQ(relative[1], 1);  // single points over single points
    EXPECT_EQ(relative[2], 1);
    EXPECT_GT(relative[3 * 3 + 2] - relative[3 * 3 + 1], 0.005);  // chance, as above
    EXPECT_LT(relative[3 * 3 + 2] - relative[3 * 3 + 1], 0.5);
    for (const std::size_t b : {0u, 1u, 2u}) EXPECT_TRUE(std::isnan(relative[3 * 4 + b]));
    EXPECT_TRUE(std::isnan(across[4]));
    if (!overlap) {
      EXPECT_NEAR(inside[0], across[0], 1e-12);  // a point is in one patch
    }
    EXPECT_GT(std::abs(inside[3] - 1), 2 * std::abs(across[3] - 1));
  }

  static AreaMeanCalibration::Product product(const std::string& name, const std::string& path,
                                              std::size_t system) {
    return {
        name, system, std::make_shared<const FactorReader>(NetcdfFile::open(Communicator::self(), path)), {}};
  }

  Communicator comm_ = Communicator::self();
  synthetic::Study study_;
  CoefficientForecast members_;
  std::string base_path_, members_path_;
};

}  // namespace

TEST_F(AreaMeans, AreOneForTheRightCovariance) {
  expect_right(score({product("podscale", base_path_, 0)}, false));
}

TEST_F(AreaMeans, AreOneForTheMembersOwnCovariance) {
  expect_right(score({product("ensemble", members_path_, 2)}, true));
}

// Two realizations of one variance, `apart` to both sides of their mean: its square is added at
// every size.
TEST_F(AreaMeans, OfRealizationsAreThoseOfTheirMixture) {
  const ScoreSection single = score({product("podscale", base_path_, 0)}, false, {0, 1, 1, 0.95});
  const auto mixture = [&](double apart) {
    AreaMeanCalibration::Product pair = product("podscale", base_path_, 0);
    pair.realizations = 2;
    for (std::size_t t = 0; t < kTimes; ++t) pair.steps.insert(pair.steps.end(), {t, t});
    AreaMeanCalibration scores({pair}, kTimes, {0, 1, 1, 0.95});
    std::vector<double> weights;
    for (const unsigned char ocean : study_.basis.ocean) weights.push_back(ocean);
    const std::vector<float> zero(weights.size(), 0.0f);
    std::vector<float> means(weights.size(), static_cast<float>(apart));
    means.resize(2 * weights.size(), static_cast<float>(-apart));
    Forecast forecast{zero, {}, {}};
    forecast.means = means;
    for (long t = 0; t < kTimes; ++t)
      scores.add({t, weights, std::span(&forecast, 1), draw(study_, t), zero});
    scores.reduce(comm_);
    return scores.section({});
  };
  const ScoreSection together = mixture(0), apart = mixture(0.5), further = mixture(1);
  for (const std::string name : {"area_mean_ratio", "area_mean_ratio_inside_patches"})
    for (std::size_t s = 0; s < 4; ++s) {
      const auto variance = [&](const ScoreSection& section) { return 1 / values_of(section, name)[s]; };
      EXPECT_DOUBLE_EQ(variance(together), variance(single)) << s;
      EXPECT_GT(variance(apart) - variance(together), 0.01) << s;
      EXPECT_NEAR((variance(further) - variance(together)) / (variance(apart) - variance(together)), 4, 1e-9)
          << s;
    }
}

class OverlappingAreaMeans : public AreaMeans {
 protected:
  OverlappingAreaMeans() : AreaMeans(2) {}
};

TEST_F(OverlappingAreaMeans, AreOneForTheRightCovariance) {
  expect_right(score({product("podscale", base_path_, 0)}, false), true);
  expect_right(score({product("ensemble", members_path_, 2)}, true), true);
}

TEST_F(AreaMeans, OfTwoProductsAreThoseOfEach) {
  const std::vector<AreaMeanCalibration::Product> list = {product("shifted", base_path_, 1),
                                                          product("ensemble", members_path_, 2)};
  const ScoreSection both = score(list, false), first = score({list[0]}, false),
                     second = score({list[1]}, false);
  EXPECT_EQ(both.axes[1].values, (std::vector<double>{1, 2}));  // as `system` counts, from 0
  EXPECT_EQ(first.axes[1].values, (std::vector<double>{1}));
  for (const ScoreVariable& variable : both.variables) {
    const std::size_t inner = variable.dims.size() == 3 ? 3 : 1;
    const auto &a = values_of(first, variable.name), &b = values_of(second, variable.name);
    for (std::size_t i = 0; i < variable.values.size(); ++i) {
      const std::size_t size = i / (2 * inner), product = i / inner % 2, at = size * inner + i % inner;
      const double expected = product == 0 ? a[at] : b[at];
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(variable.values[i])) << variable.name << i;
      } else {
        EXPECT_EQ(variable.values[i], expected) << variable.name << i;
      }
    }
  }
  // The shift shows most where the variance is small: over large boxes.
  const auto& relative = values_of(first, "area_mean_relative");
  EXPECT_GT(relative[3 * 3 + 1], 1.05);
  EXPECT_NE(values_of(first, "area_mean_ratio")[0], values_of(second, "area_mean_ratio")[0]);
}

TEST_F(AreaMeans, TableHoldsTheIntervals) {
  const ScoreSection section = score({product("podscale", base_path_, 0)}, false);
  EXPECT_NE(section.text.find("\n  from "), std::string::npos) << section.text;
  EXPECT_NE(section.text.find("\n  to "), std::string::npos);
  EXPECT_NE(section.text.find("blocks of 1 steps"), std::string::npos);
  EXPECT_EQ(section.text.find("nan"), std::string::npos);
  // In fewer than five blocks there is none.
  const ScoreSection none = score({product("podscale", base_path_, 0)}, false, {200, 100, 1, 0.95});
  EXPECT_TRUE(std::isnan(values_of(none, "area_mean_relative")[3 * 2 + 1]));
  EXPECT_FALSE(std::isnan(values_of(none, "area_mean_relative")[3 * 2]));
}

TEST_F(OverlappingAreaMeans, BoxesFollowFromTheCoefficients) {
  const Basis& basis = study_.basis;
  const std::size_t k = basis.modes, nx = basis.mesh.nx();
  PatchColumns columns;
  for (const PatchModes& patch : basis.patches.mine)
    columns.push_back(synthetic::normals(static_cast<std::size_t>(patch.modes), 97, patch.patch));
  std::vector<double> field(basis.points());
  basis.codec().decode(columns, 0, 1, field);
  basis.unfold(field, 1);
  const AreaBoxes all(basis, 0), few(basis, 0, 30);
  std::size_t of_size[2][6] = {};
  for (const AreaBoxes* boxes : {&all, &few})
    for (const AreaBoxes::Box& box : boxes->boxes) {
      ++of_size[boxes == &few][box.size];
      const std::size_t size = AreaBoxes::sizes[box.size];
      double expected = 0, mean = 0;
      for (std::size_t y = box.y0; y < box.y0 + size; ++y)
        for (std::size_t x = box.x0; x < box.x0 + size; ++x)
          if (boxes->area[y * nx + x] > 0) expected += boxes->area[y * nx + x] / box.area * field[y * nx + x];
      for (std::size_t touch = box.first; touch < box.end; ++touch)
        for (std::size_t m = 0; m < columns[boxes->patch[touch]].size(); ++m)
          mean += static_cast<double>(boxes->projected[touch * k + m]) * columns[boxes->patch[touch]][m];
      EXPECT_NEAR(mean, expected, 1e-5) << size << " at " << box.y0 << ", " << box.x0;
    }
  EXPECT_GT(of_size[0][0], 30u);
  EXPECT_LE(of_size[1][0], 30u);
  EXPECT_GT(of_size[1][0], 5u);
  EXPECT_GT(of_size[1][2], 0u);
}

// A rank that reads the factors of its rows alone has the boxes, and the covariance in them, of
// the region.
TEST_F(OverlappingAreaMeans, OfSomeRowsAreThoseOfTheRegion) {
  const Basis& basis = study_.basis;
  const StripCut cut = cut_into_strips(basis.mesh.ny(), basis.patch_y);
  const long strips = std::ssize(cut.strips);
  ASSERT_GT(strips, 1);
  const NetcdfFile product = NetcdfFile::open(comm_, base_path_);
  const FactorReader whole(product);
  const CoefficientForecast all = whole.read(3);
  const AreaBoxes expected(whole.basis(), 0);
  const std::size_t k = static_cast<std::size_t>(basis.modes);
  std::map<std::array<long, 3>, const AreaBoxes::Box*> at;
  for (const AreaBoxes::Box& box : expected.boxes) at[{static_cast<long>(box.size), box.y0, box.x0}] = &box;
  std::size_t compared = 0, parts = 0;
  for (long s = 0; s < strips; ++s) {
    const ScoredRows rows{basis.mesh.ny(), basis.mesh.nx(),         cut.strips,
                          {s, s + 1},      AreaBoxes::sizes.back(), nullptr};
    const FactorReader reader(product, rows.held());
    parts += reader.basis().mesh.ny() < basis.mesh.ny() ? 1 : 0;
    const CoefficientForecast own = reader.read(3);
    const long before = reader.basis().first_patch_row * basis.decomposition.patches_x();
    const auto of_region = [&](std::uint32_t patch) {  // which of the region's patches a local one is
      const long number = reader.basis().patches.mine[patch].patch + before;
      const auto& mine = whole.basis().patches.mine;
      return static_cast<std::size_t>(
          std::find_if(mine.begin(), mine.end(), [&](const PatchModes& p) { return p.patch == number; }) -
          mine.begin());
    };
    const AreaBoxes boxes(reader.basis(), 0, 65000, reader.region(), rows);
    for (const AreaBoxes::Box& box : boxes.boxes) {
      const long y0 = box.y0 + rows.own().begin;
      ASSERT_TRUE(at.contains({static_cast<long>(box.size), y0, box.x0}));
      const AreaBoxes::Box& same = *at[{static_cast<long>(box.size), y0, box.x0}];
      EXPECT_EQ(box.area, same.area);
      EXPECT_EQ(box.truncation, same.truncation);
      ASSERT_EQ(box.end - box.first, same.end - same.first);
      for (std::size_t t = 0; t < box.end - box.first; ++t) {
        const std::size_t patch = of_region(boxes.patch[box.first + t]);
        ASSERT_EQ(patch, expected.patch[same.first + t]);
        for (std::size_t m = 0; m < k; ++m) {
          EXPECT_EQ(boxes.projected[(box.first + t) * k + m], expected.projected[(same.first + t) * k + m]);
          EXPECT_EQ(boxes.own[(box.first + t) * k + m], expected.own[(same.first + t) * k + m]);
        }
        EXPECT_EQ(own.factor[boxes.patch[box.first + t]], all.factor[patch]);
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, expected.boxes.size());  // each in one strip
  EXPECT_GT(parts, 0u);
}
