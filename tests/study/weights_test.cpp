// The LR field by weights of a file against the interpolation that the weights were made from.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "on_all_ranks.hpp"
#include "podscale/core/error.hpp"
#include "podscale/field/array_source.hpp"
#include "podscale/field/weight_file.hpp"
#include "podscale/study/anomaly.hpp"
#include "podscale/study/basis_file.hpp"
#include "scratch.hpp"
#include "synthetic.hpp"
#include "weight_sample.hpp"

namespace podscale {
namespace {

class WeightsOfAFile : public test::OnAllRanks {
 protected:
  WeightsOfAFile() {
    basis.interpolation = Interpolation::bilinear;
    write_weights(1);
    basis.weights = {path, checksum_of_file(comm, path)};
  }
  /// Bilinear weights of the whole mesh, times a factor, as ESMF writes them.
  void write_weights(double factor) {
    const Basis whole = synthetic::make_basis(Communicator::self());
    const std::vector<unsigned char> all(whole.mesh.points(), 1);
    const Window window{0, whole.mesh.ny(), 0, whole.mesh.nx()};
    const Remap remap(whole.lr_mesh, whole.lr_ocean, whole.mesh, window, all, Interpolation::bilinear);
    write_esmf(comm, path, remap, whole.lr_mesh, whole.mesh, factor);
  }
  std::vector<float> interpolated(const Basis& by) const {
    const SampleAxis times = decode_times({0}, "days since 2000-01-01", "", "test");
    std::vector<float> values;
    for (idx_t p = 0; p < by.lr_mesh.points(); ++p)
      values.push_back(static_cast<float>(std::sin(1.7 * static_cast<double>(p))));
    const ArraySource lr(comm, by.lr_mesh, times, values);
    std::vector<float> out(by.points());
    InterpolatedSeries(lr, by, comm).read(std::vector<long>{0}, out);
    return out;
  }

  std::string path = scratch / "weights.nc";
  Basis basis = synthetic::make_basis(comm);
};

TEST_F(WeightsOfAFile, GiveTheFieldOfTheInterpolationTheyCameFrom) {
  const auto found = interpolated(basis);
  basis.weights = {};
  const auto expected = interpolated(basis);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6) << i;
  const double largest = expected.empty() ? 0 : std::abs(*std::max_element(expected.begin(), expected.end()));
  EXPECT_GT(comm.max(largest), 0.1);
}

TEST_F(WeightsOfAFile, AreNamedByTheBasisAndMayNotChangeAfterIt) {
  const std::string file = scratch / "basis.nc";
  write_basis(comm, basis, file);
  const Basis read = read_basis(comm, file);
  EXPECT_EQ(read.weights.path, path);
  EXPECT_EQ(read.weights.checksum, basis.weights.checksum);
  write_weights(1.5);
  for (const bool gone : {false, true}) {
    if (gone && comm.is_root()) std::filesystem::remove(path);
    comm.barrier();
    try {
      interpolated(read);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), gone ? ExitCode::no_input : ExitCode::data);
      EXPECT_TRUE(error.agreed());
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace podscale
