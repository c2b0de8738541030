// Against sums in long double, whose 64 bits hold every sum here nearly exactly.
#include "podscale/parallel/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"

using namespace podscale;

namespace {

constexpr std::size_t kSize = 5;
constexpr long kTerms = 997;

/// Term i of every sum: magnitudes over six decades, both signs.
std::vector<double> term(long i) {
  std::vector<double> values(kSize);
  CounterRandom(3, Stream::test).fill_normal(std::span(values), static_cast<std::uint32_t>(i));
  for (double& value : values) value *= std::pow(10.0, static_cast<double>(i % 7) - 3);
  return values;
}

double bound() {
  double largest = 0;
  for (long i = 0; i < kTerms; ++i)
    for (const double value : term(i)) largest = std::max(largest, std::abs(value));
  return largest;
}

/// Sums in the given order, all on this process.
std::vector<double> sums_of(const std::vector<long>& order) {
  ExactSum sum(kSize, bound(), kTerms);
  for (const long i : order) sum.add(term(i));
  return sum.reduce(Communicator::self());
}

}  // namespace

TEST(ExactSum, SameBitsInAnyOrder) {
  std::vector<long> order(kTerms);
  std::iota(order.begin(), order.end(), 0);
  const auto forward = sums_of(order);
  std::reverse(order.begin(), order.end());
  EXPECT_EQ(sums_of(order), forward);
  const CounterRandom random(4, Stream::test);
  std::sort(order.begin(), order.end(), [&](long a, long b) {
    return random.integer(static_cast<std::uint32_t>(a)) < random.integer(static_cast<std::uint32_t>(b));
  });
  EXPECT_EQ(sums_of(order), forward);
}

TEST(ExactSum, SameBitsAtAnyRankCount) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ExactSum sum(kSize, bound(), kTerms);
  for (long i = comm.rank(); i < kTerms; i += comm.size()) sum.add(term(i));
  std::vector<long> order(kTerms);
  std::iota(order.begin(), order.end(), 0);
  EXPECT_EQ(sum.reduce(comm), sums_of(order));
}

TEST(ExactSum, AgreesWithLongDouble) {
  std::vector<long> order(kTerms);
  std::iota(order.begin(), order.end(), 0);
  const auto found = sums_of(order);
  // Each term is off by at most half of the common grid; the result is rounded to double once
  // more.
  const double grid = bound() * static_cast<double>(kTerms) * std::ldexp(1.0, -60);
  for (std::size_t s = 0; s < kSize; ++s) {
    long double expected = 0;
    for (long i = 0; i < kTerms; ++i) expected += static_cast<long double>(term(i)[s]);
    EXPECT_NEAR(found[s], static_cast<double>(expected),
                0.5 * kTerms * grid + 1.2e-16 * std::abs(static_cast<double>(expected)));
  }
}

TEST(ExactSum, TermsThatCancelLeaveExactlyZero) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ExactSum sum(kSize, bound(), 2 * kTerms);
  for (long i = comm.rank(); i < kTerms; i += comm.size()) sum.add(term(i));
  for (long i = 0; i < kTerms; ++i) {  // the opposite numbers, dealt otherwise
    if (i * comm.size() / kTerms != comm.rank()) continue;
    auto values = term(i);
    for (double& value : values) value = -value;
    sum.add(values);
  }
  EXPECT_EQ(sum.reduce(comm), std::vector<double>(kSize, 0.0));
}

TEST(ExactSum, NegativeTermsAtTheBoundDoNotOverflow) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  for (const double largest : {1.0, 0.75, 1e-9, 3e7})
    for (const double sign : {-1.0, 1.0}) {
      ExactSum sum(1, largest, 1000);
      const double value = sign * largest;
      const Share share = share_of(1000, comm.size(), comm.rank());
      for (long i = share.begin; i < share.end; ++i) sum.add(std::span(&value, 1));
      EXPECT_NEAR(sum.reduce(comm).front() / (1000 * value), 1, 1e-15) << largest;
    }
}

TEST(ExactSum, APartOfTheSumsAlone) {
  ExactSum sum(4, 10, 3);
  sum.add(std::vector<double>{1, 2, 3, 4});
  sum.add(std::vector<double>{0.5, -7}, 2);
  EXPECT_EQ(sum.reduce(Communicator::self()), (std::vector<double>{1, 2, 3.5, -3}));
}

TEST(ExactSum, BoundOfZeroSumsZeros) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ExactSum sum(3, 0, 0);
  sum.add(std::vector<double>(3, 0.0));
  EXPECT_EQ(sum.reduce(comm), std::vector<double>(3, 0.0));
  ExactSum nothing(0, 0, 5);
  EXPECT_TRUE(nothing.reduce(comm).empty());
}

TEST(ExactSum, TinyBoundsKeepTheirSums) {
  // The scale that they call for is beyond the largest double.
  for (const double value : {1e-290, -1e-300}) {
    ExactSum sum(1, std::abs(value), 4);
    for (int i = 0; i < 3; ++i) sum.add(std::span(&value, 1));
    EXPECT_NEAR(sum.reduce(Communicator::self()).front() / value, 3, 1e-7) << value;
  }
}

namespace {

/// reduce() of one term a rank: the error that every rank throws.
std::pair<ExitCode, std::string> refusal(const Communicator& comm, double bound, long terms, double value,
                                         int times = 1) {
  ExactSum sum(2, bound, terms);
  for (int i = 0; i < times; ++i) sum.add(std::vector<double>{comm.rank() == comm.size() - 1 ? value : 1, 0});
  try {
    sum.reduce(comm, "the sums");
  } catch (const Error& error) {
    EXPECT_TRUE(error.agreed());
    // The same line on every rank.
    EXPECT_EQ(comm.broadcast(error.what()), error.what());
    return {error.code(), error.what()};
  }
  return {ExitCode::ok, ""};
}

}  // namespace

TEST(ExactSum, WhatCannotBeAddedIsAnErrorOnEveryRank) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const auto expect = [&](ExitCode code, const std::vector<std::string>& words, double bound, double value) {
    const auto [found, line] = refusal(comm, bound, comm.size(), value);
    EXPECT_EQ(found, code) << line;
    for (const auto& word : words) EXPECT_NE(line.find(word), std::string::npos) << word << ": " << line;
    EXPECT_EQ(comm.sum(1), comm.size());  // no rank was left behind
  };
  expect(ExitCode::ok, {}, 2, -2);
  expect(ExitCode::data, {"the sums", "1 NaN"}, 2, nan);
  expect(ExitCode::data, {"the sums", "1 infinite"}, 2, -inf);
  expect(ExitCode::data, {"the sums", "1 NaN", "bound nan"}, comm.max(nan), nan);
  expect(ExitCode::data, {"the sums", "1 infinite", "bound inf"}, comm.max(inf), inf);
  expect(ExitCode::bug, {"the sums", "1 terms beyond the bound 2", "up to 2.5"}, 2, -2.5);
  expect(ExitCode::bug, {"the sums", "up to 1e+300"}, 2, 1e300);
}

TEST(ExactSum, MoreTermsThanThereIsRoomForAreABug) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  EXPECT_EQ(refusal(comm, 1, 7l * comm.size(), 1, 7).first, ExitCode::ok);
  const auto [code, line] = refusal(comm, 1, 7l * comm.size() - 1, 1, 7);
  EXPECT_EQ(code, ExitCode::bug);
  EXPECT_NE(line.find("but room for"), std::string::npos) << line;
}
