#include "podscale/field/read_ahead.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "podscale/core/sample_axis.hpp"

namespace podscale {
namespace {

/// Values that say which step and point they are, and how many calls asked for them.
class Counted final : public FieldSource {
 public:
  Counted() : mesh_(Mesh::rectilinear({0, 1, 2}, {10, 11, 12, 13})), variables_(1) {}
  const Communicator& comm() const override { return self_; }
  const Mesh& mesh() const override { return mesh_; }
  const SampleAxis& times() const override { return times_; }
  const std::vector<Variable>& variables() const override { return variables_; }
  std::string describe() const override { return "counted"; }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override {
    ++calls;
    std::size_t at = 0;
    for (const long step : steps)
      for (idx_t y = window.y0; y < window.y0 + window.ny; ++y)
        for (idx_t x = window.x0; x < window.x0 + window.nx; ++x)
          out[at++] = static_cast<float>(100 * step + 10 * y + x);
  }
  mutable int calls = 0;

 private:
  Communicator self_ = Communicator::self();
  Mesh mesh_;
  SampleAxis times_;
  std::vector<Variable> variables_;
};

TEST(ReadAhead, GivesWhatTheSourceGivesInFewerCalls) {
  const Window window{1, 2, 1, 3};
  // As they come; with gaps; back and forth, and with steps that come again.
  for (const std::vector<long>& steps :
       {std::vector<long>{0, 1, 2, 3, 4, 5, 6}, {2, 5, 9, 11, 30}, {7, 3, 3, 8, 1, 7, 7, 2}})
    for (const long block : {1l, 3l, 100l}) {
      const Counted source, plain;
      ReadAhead ahead(source, window, steps, block);
      std::vector<float> found(6), expected(6);
      for (const long step : steps) {
        ahead.read(step, found);
        plain.read(window, std::span(&step, 1), expected);
        EXPECT_EQ(found, expected) << step << " by blocks of " << block;
      }
      const int size = static_cast<int>(steps.size()), by = static_cast<int>(block);
      EXPECT_LE(source.calls, (size + by - 1) / by);
    }
}

TEST(ReadAhead, StepsThatWereNotExpectedAreReadTheSame) {
  const Counted source, plain;
  ReadAhead ahead(source, {0, 3, 0, 4}, {4, 5, 6}, 2);
  std::vector<float> found(12), expected(12);
  for (const long step : {9l, 5l, 4l, 6l, 9l, 5l}) {
    ahead.read(step, found);
    plain.read({0, 3, 0, 4}, std::span(&step, 1), expected);
    EXPECT_EQ(found, expected) << step;
  }
}

}  // namespace
}  // namespace podscale
