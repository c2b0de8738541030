// Regimes of the base: what a row of a condition holds, and whose regression it meets.
#include "podscale/gaussian/regime.hpp"

#include <gtest/gtest.h>

#include "podscale/parallel/communicator.hpp"
#include "podscale/study/condition.hpp"
#include "synthetic.hpp"

using namespace podscale;

namespace {

constexpr long kHalo = 1;
const std::vector<long> kLags = {-2, 0, 3};

LinearGaussian make_regimes(const Communicator& comm, const Basis& basis, const std::vector<double>& ages) {
  LinearGaussian base(kHalo, kLags, Predictors(comm, basis, kHalo, kLags));
  base.add_regimes(basis, ages);
  return base;
}

}  // namespace

TEST(Regime, FallsBackWhereThereAreLagsAndTheTimeItself) {
  EXPECT_TRUE(falls_back(std::vector<long>{-7, 0}));
  EXPECT_FALSE(falls_back(std::vector<long>{0}));
  EXPECT_FALSE(falls_back(std::vector<long>{-7}));
}

TEST(Regime, EachIsFoundByWhatItIsTold) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  const LinearGaussian base = make_regimes(comm, study.basis, {1, 5});
  ASSERT_EQ(base.regimes(), 4u);
  EXPECT_EQ(base.find({true, 0}), 0u);
  EXPECT_EQ(base.find({false, 0}), 1u);
  EXPECT_EQ(base.find({false, 5}), 3u);
  EXPECT_EQ(base.find({false, 2}), std::nullopt);
  for (std::size_t r = 0; r < 4; ++r)
    EXPECT_EQ(base.regime(r).conditions(study.basis), base.conditions(study.basis));
}

TEST(Regime, WithoutHistoryTheLayoutIsThatOfLrAlone) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  const LinearGaussian base = make_regimes(comm, study.basis, {});
  EXPECT_EQ(base.conditions(study.basis), base.predictors.slots() + study.basis.modes);
  EXPECT_EQ(base.regimes(), 2u);
}

TEST(Regime, ARowLosesWhatItsRegimeIsNotTold) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  const LinearGaussian base = make_regimes(comm, study.basis, {1, 4});
  const ConditionLayout layout = base.layout(study.basis);
  const long of_lag = layout.lr / std::ssize(kLags);
  std::vector<float> row(static_cast<std::size_t>(layout.width), 1.0f);
  const std::vector<float> analysis(static_cast<std::size_t>(study.basis.modes), 7.0f);
  tell(base, layout, {0, 2, 1.0, 0, 0}, analysis, row);
  for (long i = 0; i < layout.lr; ++i)
    EXPECT_EQ(row[i], i / of_lag == 1 ? 1.0f : 0.0f) << i;  // lag 0 alone
  for (long i = layout.projected; i < layout.history; ++i) EXPECT_EQ(row[i], 1.0f) << i;
  for (long i = layout.history; i < layout.age; ++i) EXPECT_EQ(row[i], 7.0f) << i;
  EXPECT_EQ(row[layout.age], 0.25f);  // of the largest age
}

TEST(Regime, TheMeanIsTheProductWithItsOwnColumns) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const synthetic::Study study(comm);
  LinearGaussian base = make_regimes(comm, study.basis, {1});
  LinearGaussian& told = base.others.back();
  const ConditionLayout layout = base.layout(study.basis);
  // It hands on the coefficients of the analysis, and nothing else.
  const std::size_t width = told.row_width(study.basis);
  for (const PatchModes& patch : study.basis.patches.mine) {
    std::vector<double> b(static_cast<std::size_t>(patch.modes) * width, 0.0);
    for (std::size_t m = 0; m < static_cast<std::size_t>(patch.modes); ++m)
      for (std::size_t i = 0; i < width; ++i)
        if (told.columns[i] == static_cast<std::size_t>(layout.history) + m) b[m * width + i] = 1;
    told.regression.push_back(std::move(b));
  }
  std::vector<float> row(static_cast<std::size_t>(layout.width));
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(i) + 0.5f;
  for (std::size_t p = 0; p < study.basis.patches.mine.size(); ++p) {
    std::vector<double> mean(static_cast<std::size_t>(study.basis.patches.mine[p].modes));
    told.mean(study.basis, p, row.data(), mean);
    for (std::size_t m = 0; m < mean.size(); ++m)
      EXPECT_EQ(mean[m], static_cast<double>(row[static_cast<std::size_t>(layout.history) + m]));
  }
}
