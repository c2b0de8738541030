// Other products, baselines and the event, on the synthetic study.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "podscale/study/basis_file.hpp"
#include "podscale/verify/exceedance_event.hpp"
#include "verification_study.hpp"

namespace podscale {
namespace {

TEST_F(VerificationStudy, OtherProductsShareTheTable) {
  write_product(path("worse.nc"), 0, 0.5);
  world_.barrier();
  namelist_.set("verify.block_days=3");
  namelist_.set("verify.bootstrap_samples=100");
  const std::vector<ComparedProduct> others = {{"worse", path("worse.nc")}, {"same", path("product.nc")}};
  const VerifyOptions wanted = options("product.nc", others);
  Verification verification(world_, wanted);
  const ScoreAccumulator scores = verification.score();
  ASSERT_EQ(scores.systems().size(), 10u);
  EXPECT_EQ(scores.systems()[1].name, "worse");
  EXPECT_NEAR(scores.total(1).rmse, 0.5, 1e-4);
  EXPECT_EQ(scores.total(2).rmse, scores.total(0).rmse);
  EXPECT_EQ(scores.total(0).points, scores.total(1).points);
  const auto differences = paired_differences(scores, {100, 3, 1, 0.95});
  EXPECT_NEAR(differences[0].rmse.estimate, bias - 0.5, 1e-4);
  EXPECT_NEAR(differences[0].rmse.high, bias - 0.5, 1e-4);
  EXPECT_EQ(differences[1].crps.low, 0);
  const std::string text = write(verification, scores);
  if (!world_.is_root()) return;
  EXPECT_NE(text.find("\nworse"), std::string::npos);
  EXPECT_NE(text.find("blocks of 3 steps"), std::string::npos);
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
  // PIT of truth = mean - sigma and of truth = mean - 5/3 sigma: Phi(-1) = 0.159 and Phi(-1.67) =
  // 0.048.
  EXPECT_NEAR(file.get_all("pit_histogram")[3], 1, 1e-9);
  EXPECT_NEAR(file.get_all("pit_histogram")[20 + 0], 1, 1e-9);
  EXPECT_NEAR(file.get_all("pit_reliability_index")[0], 1.9, 1e-9);
  EXPECT_NEAR(file.get_all("interval_coverage")[12], 0, 1e-9);  // |z| = 1: outside 65 %, inside 70 %
  EXPECT_NEAR(file.get_all("interval_coverage")[13], 1, 1e-9);
  EXPECT_NEAR(file.get_all("rmse_difference")[3], bias - 0.5, 1e-4);
  EXPECT_EQ(file.text("rmse_difference", "units"), "K");
}

TEST_F(VerificationStudy, OtherProductsAreChecked) {
  const auto code = [&](const std::vector<ComparedProduct>& others) { return code_of("product.nc", others); };
  write_product(path("late.nc"), 300);
  world_.barrier();
  EXPECT_EQ(code({{"late", path("late.nc")}}), ExitCode::data);
  EXPECT_NE(message_.find("late.nc"), std::string::npos) << message_;
  EXPECT_EQ(code({{"climatology", path("product.nc")}}), ExitCode::usage);
  EXPECT_EQ(code({{"absent", path("absent.nc")}}), ExitCode::no_input);
  namelist_.set("verify.event=threshold");
  EXPECT_EQ(code({}), ExitCode::usage);
  EXPECT_NE(message_.find("verify.threshold"), std::string::npos) << message_;
  namelist_.set("verify.threshold=15");
  EXPECT_EQ(code({}), ExitCode::ok);
  namelist_.set("data.train='1990-01-01','1991-12-31'");
  EXPECT_EQ(code({}), ExitCode::data);
}

TEST_F(VerificationStudy, PersistenceAndBound) {
  const VerifyOptions wanted = options();
  Verification verification(world_, wanted);
  const ScoreAccumulator scores = verification.score();
  const double anomaly = scores.total(1).rmse, persistence = scores.total(6).rmse,
               bound = scores.total(7).rmse;
  // The waves move by 0.05 a day: yesterday's are a little worse than today's, and far better than
  // none.
  EXPECT_GT(persistence, anomaly);
  EXPECT_LT(persistence, 0.8 * scores.total(5).rmse);
  // Waves of two modes and what is left of the season lie in the space of 4 modes a patch.
  EXPECT_LT(bound, 0.02 * anomaly);
}

TEST_F(VerificationStudy, BothInterpolationsHaveTheirAnomaly) {
  const Communicator self = Communicator::self();
  const Basis basis = read_basis(self, path("basis.nc"));
  ASSERT_EQ(basis.interpolation, Interpolation::bicubic);
  const auto lr_of_all = open_lr(world_, DataOptions(namelist_)),
             lr_alone = open_lr(self, DataOptions(namelist_));
  const FieldSource &lr = *lr_of_all, &own = *lr_alone;
  const auto steps = steps_between(lr.times(), "2000-01-01", "2001-12-31");
  const auto cells = fit_lr_climatology(world_, lr, basis, steps, 50);
  ASSERT_TRUE(cells.has_value());
  Baselines baselines(own, basis);
  const double phase = year_fraction(own.times().calendar, own.times()[700].date);
  BaselineFields fields;
  baselines.read(700, phase, fields);
  EXPECT_TRUE(fields.other_anomaly.empty());
  baselines.set_lr_climatology(*cells);
  baselines.read(700, phase, fields);
  // Fit and interpolation commute: interpolated as the basis does it is the climatology of the
  // basis.
  std::vector<double> of_basis(ny * nx);
  basis.lr_climatology.evaluate(phase, of_basis);
  const auto same = baselines.interpolated_climatology(*cells, Interpolation::bicubic, phase),
             other = baselines.interpolated_climatology(*cells, Interpolation::bilinear, phase);
  double apart = 0;
  for (std::size_t i = 0; i < same.size(); ++i) {
    if (!basis.ocean[i]) continue;
    EXPECT_NEAR(same[i], of_basis[i], 1e-4);
    EXPECT_NEAR(fields.other_anomaly[i], fields.bilinear[i] - other[i] + fields.climatology[i], 1e-5);
    apart = std::max(apart, std::abs(other[i] - of_basis[i]));
  }
  EXPECT_GT(apart, 0.01);  // the climatology of the wrong interpolation would show
  EXPECT_FALSE(fit_lr_climatology(world_, lr, basis, {}, 50).has_value());
}

TEST_F(VerificationStudy, WithoutLrTrainingTimesOneAnomalyIsLeft) {
  namelist_.set("data.train='1990-01-01','1991-12-31'");
  const VerifyOptions wanted = options();
  const ScoreAccumulator scores = Verification(world_, wanted).score();
  EXPECT_EQ(scores.systems().size(), 7u);
  EXPECT_EQ(scores.systems()[2].name, "bicubic");
}

TEST_F(VerificationStudy, PersistenceIsYesterdaysAnomaly) {
  const Communicator self = Communicator::self();
  const Basis basis = read_basis(self, path("basis.nc"));
  const auto owner = open_lr(self, DataOptions(namelist_));
  const FieldSource& lr = *owner;
  Baselines in_turn(lr, basis), alone(lr, basis);
  const auto phase = [&](long step) { return year_fraction(lr.times().calendar, lr.times()[step].date); };
  BaselineFields yesterday, today, jump;
  in_turn.read(700, phase(700), yesterday);
  in_turn.read(701, phase(701), today);
  alone.read(701, phase(701), jump);
  for (std::size_t i = 0; i < today.persistence.size(); ++i) {
    if (!basis.ocean[i]) continue;
    EXPECT_NEAR(today.persistence[i] - today.climatology[i], yesterday.anomaly[i] - yesterday.climatology[i],
                1e-5);
    EXPECT_EQ(today.persistence[i], jump.persistence[i]);  // what was read before does not matter
  }
  in_turn.read(0, phase(0), today);  // no step before the first
  for (std::size_t i = 0; i < today.persistence.size(); ++i)
    if (basis.ocean[i]) {
      EXPECT_NEAR(today.persistence[i], today.anomaly[i], 1e-5);
    }
}

/// What a projection leaves at the points that have a value is not nothing, and orthogonal to all
/// modes.
void expect_orthogonal_rest(const Basis& basis, const std::vector<float>& truth,
                            const std::vector<float>& projected, double tolerance) {
  std::vector<double> left(truth.size(), 0.0);
  double size = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (std::isfinite(projected[i]))
      left[i] = static_cast<double>(truth[i]) - static_cast<double>(projected[i]);
    size += std::abs(left[i]);
  }
  EXPECT_GT(size, 1);
  basis.lapping.fold(left, 1);
  for (const PatchModes& patch : basis.patches.mine)
    for (int k = 0; k < patch.modes; ++k) {
      double inner = 0;
      for (std::size_t i = 0; i < patch.points.size(); ++i)
        inner += patch.phi[static_cast<std::size_t>(k) * patch.points.size() + i] * left[patch.points[i]];
      EXPECT_NEAR(inner, 0, tolerance) << patch.patch << ", " << k;
    }
}

TEST_F(VerificationStudy, BoundIsALeastSquaresProjection) {
  const Communicator self = Communicator::self();
  const Basis basis = read_basis(self, path("basis.nc"));
  const PodBound bound(self, basis, ScoredRows::whole(basis.mesh));
  const std::size_t points = ny * nx;
  std::vector<float> climatology(points, 10.0f), truth(points), out(points), again(points);
  for (std::size_t i = 0; i < points; ++i) truth[i] = 10 + std::sin(0.7f * static_cast<float>(i * i % 97));
  // Gaps: half of one patch (least squares), and all but two points of another (fewer than modes:
  // exact).
  const auto is_gap = [](std::size_t i) {
    const std::size_t y = i / nx, x = i % nx;
    return (y >= 8 && x >= 8 && (x + y) % 2 == 0) || (y < 8 && x >= 8 && !(y == 3 && x < 10));
  };
  for (std::size_t i = 0; i < points; ++i)
    if (is_gap(i)) truth[i] = std::nanf("");
  bound.project(truth, climatology, out);
  bound.project(out, climatology, again);
  expect_orthogonal_rest(basis, truth, out, 1e-5);
  for (const PatchModes& patch : basis.patches.mine) {
    double residual = 0;
    for (std::size_t i = 0; i < patch.points.size(); ++i) {
      const std::size_t p = patch.points[i];
      EXPECT_EQ(std::isnan(out[p]), is_gap(p));
      if (is_gap(p)) continue;
      EXPECT_NEAR(again[p], out[p], 1e-5);  // a projection
      residual += std::abs(truth[p] - out[p]);
    }
    const bool two_points = patch.points.front() == 8;
    if (two_points) {
      EXPECT_LT(residual, 1e-4);
    } else {
      EXPECT_GT(residual, 1);
    }
  }
  for (std::size_t i = 0; i < points; ++i)
    if (!basis.ocean[i]) {
      EXPECT_TRUE(std::isnan(out[i]));
    }
}

TEST_F(VerificationStudy, BoundIsALeastSquaresProjectionWherePatchesOverlap) {
  const Communicator self = Communicator::self();
  Basis basis = read_basis(self, path("basis.nc"));
  basis.overlap_patches(self, 2);
  const PodBound bound(self, basis, ScoredRows::whole(basis.mesh));
  const std::size_t points = ny * nx;
  const std::vector<float> climatology(points, 10.0f);
  std::vector<float> truth(points), out(points);
  for (std::size_t i = 0; i < points; ++i) truth[i] = 10 + std::sin(0.7f * static_cast<float>(i * i % 97));
  for (std::size_t i = 0; i < points; i += 5) truth[i] = std::nanf("");
  bound.project(truth, climatology, out);
  for (std::size_t i = 0; i < points; ++i)
    EXPECT_EQ(std::isfinite(out[i]), basis.ocean[i] && i % 5 != 0) << i;
  expect_orthogonal_rest(basis, truth, out, 1e-4);
}

TEST_F(VerificationStudy, BoundIsSolvedWhereGapsAreWide) {
  const Communicator self = Communicator::self();
  const std::size_t points = ny * nx;
  const std::vector<float> climatology(points, 0.0f);
  for (const long overlap : {0, 2})
    for (const std::size_t columns : {2u, 3u, 5u}) {  // of the eight of a patch that have a value
      Basis basis = read_basis(self, path("basis.nc"));
      if (overlap > 0) basis.overlap_patches(self, overlap);
      const PodBound bound(self, basis, ScoredRows::whole(basis.mesh));
      std::vector<float> truth(points), out(points);
      for (std::size_t i = 0; i < points; ++i)
        truth[i] = i % 8 < columns ? std::sin(0.7f * static_cast<float>(i * i % 97)) : std::nanf("");
      EXPECT_LE(bound.project(truth, climatology, out), PodBound::tolerance);
      SCOPED_TRACE(fmt::format("overlap {}, {} columns", overlap, columns));
      expect_orthogonal_rest(basis, truth, out, 1e-6);
    }
}

TEST_F(VerificationStudy, EventClimateIsThatOfTheTrainingSeries) {
  const Basis basis = read_basis(Communicator::self(), path("basis.nc"));
  const CfSource hr = CfSource::open(world_, hr_specs(DataOptions(namelist_))[0]);
  const auto steps = steps_between(hr.times(), "2000-01-01", "2001-12-31");
  const auto percentile =
      train_event(world_, ExceedanceEvent::Kind::percentile, 0, hr, steps, basis.hr_climatology, 50);
  const auto above =
      train_event(world_, ExceedanceEvent::Kind::threshold, 14.2, hr, steps, basis.hr_climatology, 7);
  // Point by point and month by month, from the formula of the series and a full sort.
  for (const auto& [j, i] : {std::pair{0L, 5L}, {8L, 15L}, {15L, 0L}})
    for (const int month : {1, 2, 8}) {
      std::vector<double> anomalies;  // of three months: two years have some 60 days a month
      long seen = 0;
      double exceeding = 0;
      std::vector<double> climatology(ny * nx);
      for (const long step : steps) {
        const Date& date = hr.times()[step].date;
        const int after = (date.month - month + 12) % 12;
        if (after > 1 && after < 11) continue;
        basis.hr_climatology.evaluate(year_fraction(hr.times().calendar, date), climatology);
        anomalies.push_back(truth_at(step, j, i) - climatology[j * nx + i]);
        if (date.month != month) continue;
        ++seen;
        exceeding += truth_at(step, j, i) > 14.2 ? 1 : 0;
      }
      std::sort(anomalies.begin(), anomalies.end());
      const double place = 0.9 * static_cast<double>(anomalies.size() - 1);
      const std::size_t k = place;
      const double expected =
          anomalies[k] + (place - static_cast<double>(k)) * (anomalies[k + 1] - anomalies[k]);
      const std::size_t at =
          static_cast<std::size_t>(month - 1) * ny * nx + static_cast<std::size_t>(j * nx + i);
      EXPECT_NEAR(percentile.percentile.values[at], expected, 2e-6);
      EXPECT_NEAR(above.frequency.values[at], exceeding / static_cast<double>(seen), 1e-12);
      const auto n = static_cast<double>(anomalies.size());
      EXPECT_NEAR(percentile.frequency.values[at], 1 - (0.9 * (n - 1) + 1) / (n + 1), 1e-12);
    }
  EXPECT_TRUE(std::isnan(percentile.percentile.values[0]));  // land
}

TEST_F(VerificationStudy, EventIsScored) {
  namelist_.set("verify.event=percentile");
  const VerifyOptions wanted = options();
  Verification verification(world_, wanted);
  const ScoreAccumulator scores = verification.score();
  const std::string text = write(verification, scores);
  if (!world_.is_root()) return;
  EXPECT_NE(text.find("90th percentile"), std::string::npos);
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
  const auto brier = file.get_all("brier_score"), skill = file.get_all("brier_skill_score");
  const double event = file.get_all("event_frequency")[0];
  EXPECT_LT(brier[7], 0.05 * event);  // the bound is all but the truth

  // The event and the Brier score of the climatology, point by point.
  const Basis basis = read_basis(self, path("basis.nc"));
  const CfSource hr = CfSource::open(self, hr_specs(DataOptions(namelist_))[0]);
  const auto trained =
      train_event(self, ExceedanceEvent::Kind::percentile, 0, hr,
                  steps_between(hr.times(), "2000-01-01", "2001-12-31"), basis.hr_climatology, 64);
  double weight = 0, events = 0, wrong = 0, expected = 0, reference = 0;
  for (long k = 0; k < verified; ++k) {
    const double phase = year_fraction(hr.times().calendar, hr.times()[first_verified + k].date);
    std::vector<double> climatology(ny * nx), above(ny * nx), frequency(ny * nx);
    basis.hr_climatology.evaluate(phase, climatology);
    trained.percentile.evaluate(phase, above);
    trained.frequency.evaluate(phase, frequency);
    for (long i = 0; i < ny * nx; ++i) {
      if (is_land(i / nx, i % nx) || (k == 1 && i == 12 * nx + 12)) continue;
      const double w = basis.mesh.area_weight(i / nx, i % nx);
      const bool yes = truth_at(first_verified + k, i / nx, i % nx) > climatology[i] + above[i];
      weight += w;
      events += yes ? w : 0;
      wrong += yes != (above[i] < 0) ? w : 0;
      expected += w * frequency[i];
      reference += w * std::pow(frequency[i] - (yes ? 1 : 0), 2);
    }
  }
  EXPECT_GT(event, 0.01);
  EXPECT_NEAR(event, events / weight, 1e-3);  // a float may fall on the other side
  EXPECT_NEAR(brier[5], wrong / weight, 1e-3);
  // Of some 180 values a month, the percentile is exceeded a little more often than by a tenth.
  EXPECT_NEAR(file.get_all("event_training_frequency")[0], expected / weight, 1e-9);
  EXPECT_NEAR(expected / weight, 0.1 + 0.8 / 180, 2e-4);
  for (std::size_t s = 0; s < brier.size(); ++s)
    EXPECT_NEAR(skill[s], 1 - brier[s] / (reference / weight), 0.01) << s;
}

// The product is in K, the sources in degC: a threshold is one of the product.
TEST_F(VerificationStudy, ThresholdIsInTheUnitsOfTheProduct) {
  namelist_.set("verify.event=threshold");
  namelist_.set("verify.threshold=288.15");
  const VerifyOptions wanted = options();
  Verification verification(world_, wanted);
  const ScoreAccumulator scores = verification.score();
  const std::string text = write(verification, scores);
  if (!world_.is_root()) return;
  EXPECT_NE(text.find("event: truth above 288.15 K;"), std::string::npos);
  const Mesh mesh = grid(0);
  double weight = 0, events = 0;
  for (long k = 0; k < verified; ++k)
    for (long i = 0; i < ny * nx; ++i) {
      if (is_land(i / nx, i % nx) || (k == 1 && i == 12 * nx + 12)) continue;
      const double w = mesh.area_weight(i / nx, i % nx);
      weight += w;
      if (truth_at(first_verified + k, i / nx, i % nx) > 15) events += w;
    }
  const Communicator self = Communicator::self();
  const NetcdfFile file = NetcdfFile::open(self, path("scores.nc"));
  EXPECT_GT(events, 0.1 * weight);
  EXPECT_NEAR(file.get_all("event_frequency")[0], events / weight, 1e-3);
  const double trained = file.get_all("event_training_frequency")[0];
  EXPECT_GT(trained, 0.1);
  EXPECT_LT(trained, 0.9);
  EXPECT_EQ(scores.units().value, "K");
}

}  // namespace
}  // namespace podscale
