// Training of a window network over ranks: restart, what is kept, what is refused.
#include <gtest/gtest.h>

#include <cmath>

#include "network_study.hpp"
#include "on_all_ranks.hpp"
#include "podscale/network/window_checkpoint.hpp"
#include "window_study.hpp"

namespace podscale {
namespace {

using namespace test;

WindowTrainerRequest request(const std::string& file, bool resume = true, int blocks = 0) {
  WindowTrainerRequest r;
  r.model = small_windows(blocks);
  r.training.tokens = 20 * 64, r.training.batch = 64, r.training.warmup = 5, r.training.rate = 5e-3;
  r.training.validate_every = 4, r.training.checkpoint_every = 1000;
  r.point_spread.assign(16, 1.0);
  r.model_file = file, r.basis_checksum = "0123456789abcdef", r.resume = resume;
  return r;
}

/// CRPS of the mean alone would do: what is compared is the root mean square error.
WindowScore validate(const WindowNetwork& network) {
  const WindowSamples s = window_samples(1 << 20, 0, 36);
  PooledForecast forecast = s.base;
  network.correct(s.windows, 6, 6, 1, forecast);
  double square = 0;
  for (std::size_t i = 0; i < s.target.size(); ++i)
    square += std::pow(static_cast<double>(s.target[i]) - forecast.mean[i], 2);
  return {square, 0};
}

TEST(WindowTrainer, RestartIsTheSameBits) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  for (const int blocks : {0, 1}) {
    const std::string whole = folder / fmt::format("whole{}.h5", blocks),
                      parts = folder / fmt::format("parts{}.h5", blocks);
    const auto run = [&](const std::string& file, bool resume, long stop_at) {
      const auto trainer = window_backend().trainer(comm, request(file, resume, blocks));
      // Only the last rank asks to stop: all must.
      const bool finished = trainer->run(window_draw(blocks > 0 ? 2 : 1), validate, [&] {
        return comm.rank() == comm.size() - 1 && trainer->step() == stop_at - 1;
      });
      EXPECT_EQ(finished, stop_at == 0);
      EXPECT_EQ(trainer->step(), stop_at == 0 ? 20 : stop_at);
    };
    run(whole, false, 0);
    run(parts, false, 10);
    run(parts, true, 0);
    const WindowCheckpoint a = read_window_checkpoint(comm, whole), b = read_window_checkpoint(comm, parts);
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_EQ(a.average, b.average);
    EXPECT_EQ(a.best, b.best);
    EXPECT_EQ(a.first_moment, b.first_moment);
    EXPECT_EQ(a.second_moment, b.second_moment);
    ASSERT_EQ(a.summary.history.size(), 6U);
    ASSERT_EQ(b.summary.history.size(), 6U);
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(a.summary.history[i].loss, b.summary.history[i].loss);
      EXPECT_EQ(a.summary.history[i].crps, b.summary.history[i].crps);
    }
    EXPECT_NE(a.summary.history.back().crps, a.summary.history.front().crps) << "nothing was trained";
  }
}

TEST(WindowTrainer, AFileGivesBackTheNetworkOfTheBestScore) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const auto trainer = window_backend().trainer(comm, request(folder / "model.h5"));
  EXPECT_TRUE(trainer->run(window_draw(), validate, [] { return false; }));
  trainer->set_calibration({4, 1.25});
  trainer->save();
  const auto loaded = window_backend().load(comm, folder / "model.h5", "0123456789abcdef", "the basis");
  EXPECT_EQ(loaded.summary.calibration, (std::vector<double>{4, 1.25}));
  EXPECT_EQ(loaded.summary.best_step, trainer->best_step());
  EXPECT_EQ(loaded.summary.options.shape, small_window);
  EXPECT_EQ(loaded.network->parameters(), trainer->parameters());
  EXPECT_EQ(validate(*loaded.network).crps, validate(trainer->best()).crps);
  EXPECT_EQ(loaded.network->makes_members(), false);
}

TEST(WindowTrainer, RefusesWhatDoesNotFit) {
  const auto comm = Communicator::duplicate(MPI_COMM_WORLD);
  const Folder folder(comm);
  const std::string file = folder / "model.h5";
  const auto line_of = [&](const WindowTrainerRequest& r) {
    try {
      window_backend().trainer(comm, r);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("none");
  };
  window_backend().trainer(comm, request(file))->save();
  EXPECT_EQ(line_of(request(file)), "none");
  WindowTrainerRequest other = request(file);
  other.model.width = 64;
  EXPECT_NE(line_of(other).find("images.width = 32 (now 64)"), std::string::npos) << line_of(other);
  other = request(file);
  other.basis_checksum = "fedcba9876543210", other.basis = "basis.nc";
  EXPECT_NE(line_of(other).find("basis.nc has fedcba9876543210"), std::string::npos) << line_of(other);
  other = request(file, true, 1);
  other.training.batch = 4 * comm.size() + 1;
  EXPECT_NE(line_of(other).find("expected a multiple of"), std::string::npos) << line_of(other);
  EXPECT_THROW(window_backend().load(comm, file, "fedcba9876543210", "basis.nc"), Error);
}

}  // namespace
}  // namespace podscale
