// The cost model: against closed forms, and what must hold of any model: work is shared, memory
// falls, tiles make attention linear. tests/drivers/plan.sh holds it against what programs say.
#include "podscale/study/cost_model.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "podscale/config/namelist.hpp"
#include "podscale/study/runs.hpp"
#include "sample_file.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

StudyOptions options_of(const std::string& text) {
  Namelist namelist;
  namelist.parse(text, "study.nml");
  return StudyOptions(namelist);
}

const char* const kKeys =
    "&data coarsen_factor = 8 lr_source = 'coarsen' / &patches size = 8, 8 modes = 16 overlap = 2 /"
    "&base halo = 1 lags = -2, 0 rank = 64 / &model width = 96 depth = 3 heads = 4 prediction = 'velocity' /"
    "&training steps = 100 batch = 32 head_weight = 1 / &sampling uncertainty = 'head' /";

StudySize size_of(long ny, long nx, std::vector<long> times = {1000, 200, 300}, double ocean = 0.7,
                  const std::string& keys = kKeys) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  GivenRegion given;
  given.region = {ny, nx}, given.times = std::move(times), given.ocean = ocean;
  return study_size(comm, options_of(keys), given);
}

TEST(StudySize, IsWhatTheNamelistAndTheRegionSay) {
  const StudySize size = size_of(160, 320, {1000, 200, 300}, 1);
  EXPECT_EQ(size.patches(), 20 * 40);
  EXPECT_EQ(size.patch_points(), 64);
  EXPECT_EQ(size.predictors(), 3 * 3 * 2);  // a cell and one around it, at two lags
  EXPECT_EQ(size.condition(), 18 + 16);
  EXPECT_EQ(size.global_modes(), 64);
  EXPECT_EQ(size.tile_tokens(), 800 + 4);
  EXPECT_EQ(size.held_out, 66);  // data.held_out = 0.33
  EXPECT_EQ(size.choosing + size.held_out, 200);
  EXPECT_EQ(size.lr_cells, 20 * 40);
}

TEST(StudySize, HoldsOutItsShareAndOneTimeAtLeast) {
  std::string half = kKeys;
  half.replace(half.find("&data"), 5, "&data held_out = 0.5");
  EXPECT_EQ(size_of(160, 320, {1000, 200, 300}, 1, half).held_out, 100);
  std::string most = kKeys;
  most.replace(most.find("&data"), 5, "&data held_out = 0.95");
  for (const std::string& keys : {std::string(kKeys), most}) {
    const StudySize size = size_of(160, 320, {1000, 2, 300}, 1, keys);
    EXPECT_EQ(size.held_out, 1);
    EXPECT_EQ(size.choosing, 1);
  }
}

TEST(StudySize, CountsTheProductsOfTheNetwork) {
  // doc/benchmarks.md: a token and block 24 W^2 + 4 P W, a sample and block 12 W^2, embedding and
  // last layer once.
  const StudySize size = size_of(96, 96, {1000, 200, 300}, 1);
  const double p = 144 + 4, w = 96, in = 16 + 34, out = 16;
  EXPECT_DOUBLE_EQ(size.forward_flops(),
                   3 * (p * (24 * w * w + 4 * p * w) + 12 * w * w) + 2 * p * w * (in + out));
}

TEST(StudySize, RefusesSizesThatAreWrongOrIncomplete) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto refused = [&](const GivenRegion& given, const std::string& word) {
    expect_error(ExitCode::usage, {word}, [&] { study_size(comm, options_of(kKeys), given); });
  };
  GivenRegion given;
  given.region = {160, 320};
  refused(given, "--times");
  given.times = {10, 0, 10};
  refused(given, "--times 10,0,10");
  given.times = {10, 1, 10};
  refused(given, "held out");
  given.times = {10, 10, 10}, given.ocean = 1.5;
  refused(given, "--ocean");
  given.ocean = 0.5, given.region = {4, 320};
  refused(given, "smaller than a patch");
  given.region = {};
  refused(given, "--region");
}

TEST(StudySize, RefusesSizesThatNothingCanCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const auto refused = [&](const std::vector<long>& region, const std::vector<long>& times,
                           const std::string& found, const std::string& most) {
    GivenRegion given;
    given.region = region, given.times = times;
    expect_error(ExitCode::usage, {found, "1 to " + most},
                 [&] { study_size(comm, options_of(kKeys), given); });
  };
  refused({4'000'000'000, 4'000'000'000}, {10, 10, 10}, "--region 4000000000,4000000000", "1000000 ");
  refused({160, 1'000'001}, {10, 10, 10}, "--region 160,1000001", "1000000 ");
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<long> times(3, 10);
    times[i] = 1'000'000'000'000'000'000;
    refused({160, 320}, times, "1000000000000000000", "1000000000 ");
  }
  const StudySize most = size_of(1'000'000, 1'000'000, {1'000'000'000, 1'000'000'000, 1'000'000'000});
  EXPECT_EQ(most.points(), 1'000'000'000'000);
  for (const Program program : kPrograms) {
    const Cost cost = predict(program, most, {}, 64);
    EXPECT_GT(cost.seconds(), 0) << program_name(program);
    EXPECT_LT(cost.seconds(), 1e30) << program_name(program);
  }
}

TEST(Plan, RefusesTilesThatNothingCanCountAndBearsAnyMemory) {
  Namelist namelist;
  namelist.parse(kKeys, "study.nml");
  const Context context{Communicator::duplicate(MPI_COMM_WORLD), namelist, StudyOptions(namelist), false, {}};
  PlanRequest request;
  request.ranks = 4;
  request.region.region = {160, 320}, request.region.times = {1000, 200, 300};
  request.node_mib = 1e15;
  for (const std::vector<long>& tile :
       {std::vector<long>{1, 9'223'372'036'854'775'807}, {10'001, 2}, {0, 1}, {32, -1}}) {
    request.tile = tile;
    expect_error(ExitCode::usage, {fmt::format("--tile {},{}", tile[0], tile[1]), "1 to 10000"},
                 [&] { run_plan(context, request); });
  }
  request.tile = {10'000, 10'000};
  EXPECT_EQ(run_plan(context, request), 0);
}

TEST(RankShare, IsTheWholeOnOneRankAndTheLargestOfMany) {
  StudySize size = size_of(160, 320);
  EXPECT_EQ(RankShare(size, 1).points, 160 * 320);
  EXPECT_NEAR(RankShare(size, 1).patches, size.patches(), 1e-9);
  EXPECT_EQ(RankShare(size, 8).points * 8, 160 * 320);
  // Ocean in one corner: who has it has all.
  size.ocean_of_patch.assign(800, 0.0f);
  for (const std::size_t p : {0, 1, 40, 41}) size.ocean_of_patch[p] = 1;
  EXPECT_EQ(size.patches(), 4);
  EXPECT_EQ(RankShare(size, 4).patches, 4);
}

TEST(Predict, ComputingIsSharedAndMemoryFalls) {
  StudySize size = size_of(640, 1280);
  size.tile_y = size.tile_x = 8, size.tile_halo = 2;  // as one tile a work item is on one rank
  const MachineRates rates;
  for (const Program program : {Program::basis, Program::train, Program::downscale}) {
    const Cost one = predict(program, size, rates, 1), four = predict(program, size, rates, 4);
    EXPECT_NEAR(one.compute / (4 * four.compute), 1, 0.1) << program_name(program);
    EXPECT_EQ(one.transposition, 0) << program_name(program);
    EXPECT_EQ(one.halo, 0) << program_name(program);
    EXPECT_LT(four.memory, 0.5 * one.memory) << program_name(program);
  }
}

TEST(Predict, TimeGoesWithTheRatesAndMemoryDoesNot) {
  const StudySize size = size_of(160, 320);
  MachineRates twice;
  for (const RateName& name : rate_names()) twice.*name.rate *= name.rate == &MachineRates::latency ? 0.5 : 2;
  for (const Program program : kPrograms) {
    const Cost slow = predict(program, size, MachineRates{}, 4), fast = predict(program, size, twice, 4);
    EXPECT_NEAR(slow.io + slow.transposition + slow.halo, 2 * (fast.io + fast.transposition + fast.halo),
                1e-9 * slow.seconds());
    EXPECT_LT(fast.compute, slow.compute);
    EXPECT_GT(2.5 * fast.compute, slow.compute);
    EXPECT_EQ(slow.memory, fast.memory);
  }
}

TEST(Predict, TilesMakeAttentionLinearInTheRegion) {
  StudySize small = size_of(640, 640, {1000, 200, 300}, 1), large = size_of(1280, 1280, {1000, 200, 300}, 1);
  const auto whole = [](const StudySize& size) { return size.tiles() * size.forward_flops(); };
  EXPECT_EQ(small.tile_tokens(), (24 + 2 * 4) * (24 + 2 * 4) + 4);  // the defaults of model.tile
  for (StudySize* size : {&small, &large}) size->tile_y = size->tile_x = 0;
  EXPECT_GT(whole(large), 10 * whole(small));  // 16 in the limit
  for (StudySize* size : {&small, &large}) size->tile_y = size->tile_x = 16, size->tile_halo = 2;
  EXPECT_EQ(large.tiles(), 4 * small.tiles());
  EXPECT_NEAR(whole(large) / whole(small), 4, 1e-9);
  EXPECT_EQ(small.tile_tokens(), 20 * 20 + 4);
  // Work items are whole: what no rank shares costs as much on more ranks.
  small.tile_y = small.tile_x = 80, small.tile_halo = 0;
  const double at_16 = predict(Program::downscale, small, {}, 16).compute,
               at_64 = predict(Program::downscale, small, {}, 64).compute;
  EXPECT_GT(at_64, 0.8 * at_16 * 16 / 64);
}

TEST(Advise, StopsWhereTheBatchEnds) {
  StudySize size = size_of(640, 1280);
  size.training.batch = 12;
  const RankAdvice advice = advise(Program::train, size, {}, 64);
  EXPECT_EQ(advice.ranks, 4);
  EXPECT_NE(advice.reason.find("training.batch = 12"), std::string::npos);
}

TEST(Advise, StopsWhereTheGroupsEnd) {
  StudySize size = size_of(640, 1280);
  size.training.batch = 96, size.training.groups = 12;
  const RankAdvice advice = advise(Program::train, size, {}, 64);
  EXPECT_EQ(advice.ranks, 4);
  EXPECT_NE(advice.reason.find("training.groups = 12 is no multiple of 8"), std::string::npos);
  EXPECT_EQ(why_not(Program::train, size.training, 12), "");
  EXPECT_EQ(why_not(Program::basis, size.training, 7), "");
  size.training.groups = 5;
  EXPECT_EQ(why_not(Program::train, size.training, 1),
            "training.groups = 5 does not divide training.batch = 96");
}

TEST(Predict, TrainingGoesByPartsOfABatch) {
  StudySize eight = size_of(160, 320);  // one tile
  eight.training.batch = 128;           // so many that their tokens are more than the fields of a block
  StudySize two = eight;
  two.training.groups = 2;
  const Cost parts = predict(Program::train, eight, {}, 2), whole = predict(Program::train, two, {}, 2);
  // Half of the tokens of a sample lie on the other rank. A rank has 64 samples: 4 parts, or 1.
  const double sample = 4 * eight.tile_tokens() * static_cast<double>(eight.modes + eight.condition()) / 2;
  EXPECT_NEAR(parts.largest_message, 16 * sample / (1 << 20), 1e-9);
  EXPECT_NEAR(whole.largest_message, 64 * sample / (1 << 20), 1e-9);
  // The same products in more calls.
  const double calls = 3 * 2 * 4e-6 * (20 + 30 * eight.model.depth);  // of a part, both losses
  EXPECT_NEAR(parts.compute - whole.compute, 100 * 3 * calls, 1e-9 * whole.compute);
  EXPECT_LT(parts.memory, whole.memory);
}

TEST(MachineRates, AreWrittenAndReadAgain) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const test::ScratchFolder scratch(comm);
  MachineRates rates;
  rates.dgemm = 12.5, rates.message = 1234;
  if (comm.is_root()) write_rates(rates, scratch / "rates.txt");
  comm.barrier();
  EXPECT_EQ(read_rates(comm, scratch / "rates.txt"), rates);
}

TEST(MachineRates, RefusesWhatIsNoFileOfRates) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const test::ScratchFolder scratch(comm);
  const std::string path = scratch / "rates.txt";
  const auto refused = [&](const std::string& text, const std::string& word) {
    comm.barrier();
    if (comm.is_root()) std::ofstream(path) << text;
    comm.barrier();
    expect_error(ExitCode::data, {"rates.txt", word}, [&] { read_rates(comm, path); });
  };
  const std::string all =
      "dgemm = 1\nsgemm = 1\nmemory = 1\ninflate = 1\ndeflate = 1\nmessage = 1\nlatency = 1  ! us\n";
  refused("dgemm = 1\n", "no sgemm");
  refused(all + "dgemm = 2\n", "twice");
  refused(all + "speed = 2\n", "speed");
  refused("dgemm = 0\n", "above 0");
  refused("dgemm = 1 2\n", "1 2");
  refused("dgemm = nan\n", "above 0");
  expect_error(ExitCode::no_input, {"nowhere.txt", "--calibrate"},
               [&] { read_rates(comm, scratch / "nowhere.txt"); });
}

TEST(MachineRates, OfThisMachineAreRates) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const MachineRates rates = calibrate_rates(comm);
  for (const RateName& name : rate_names()) {
    EXPECT_GT(rates.*name.rate, 1e-3) << name.name;
    EXPECT_LT(rates.*name.rate, 1e6) << name.name;
    EXPECT_EQ(comm.max(rates.*name.rate), rates.*name.rate) << name.name;  // the same on all ranks
  }
}

}  // namespace
}  // namespace podscale
