// Single bytes of the shared study's files are flipped: what reads them fails with a line that
// names the file, or finds what was there before. Never other values, a crash or a hang.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/random.hpp"
#include "podscale/network/checkpoint.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/factor_reader.hpp"
#include "podscale/verify/options.hpp"
#include "scratch.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;
const std::string kStudy = PODSCALE_STUDY;

/// Everything that the readers make of a file, in one number.
class Digest {
 public:
  template <class T>
  Digest& operator<<(const std::vector<T>& values) {
    sum_.add(std::span<const T>(values));
    return *this;
  }
  Digest& operator<<(const std::string& text) {
    sum_.add_bytes(text.data(), text.size());
    return *this;
  }
  Digest& operator<<(double value) { return *this << std::vector<double>{value}; }
  Digest& operator<<(const Calibration& c) {
    return *this << c.numbers() << c.period << c.note << c.forecast;
  }
  std::uint64_t value() const { return sum_.value(); }

 private:
  Checksum sum_;
};

std::uint64_t basis_digest(const Communicator& comm, const std::string& path) {
  const Basis b = read_basis(comm, path);
  const LinearGaussian base = read_base(comm, b, path).value();
  Digest d;
  d << b.mesh.y().centres << b.mesh.x().centres << b.lr_mesh.y().centres << b.lr_mesh.x().centres << b.ocean
    << b.lr_ocean << b.condition_scale << b.hr_climatology.coefficients << b.lr_climatology.coefficients
    << b.effective_namelist << static_cast<double>(b.samples) << static_cast<double>(b.interpolation)
    << static_cast<double>(b.lapping.overlap()) << b.shared << static_cast<int>(b.year.phase);
  for (const PatchModes& patch : b.patches.mine)
    d << patch.phi << patch.tau << patch.scale << patch.points << patch.variance;
  d << base.predictor_scale << base.cells.coefficients << base.residual.variance << base.season.patch
    << base.season.global << base.lags << base.penalty << base.interpolation << base.calibration
    << static_cast<double>(base.halo);
  for (const auto& rows : base.regression) d << rows;
  for (const PatchCovariance& patch : base.residual.mine) d << patch.root << patch.global;
  return d.value();
}

std::uint64_t model_digest(const Communicator& comm, const std::string& path) {
  const Checkpoint c = read_checkpoint(comm, path);
  const ModelSummary& s = c.summary;
  Digest d;
  d << c.parameters << c.average << c.best << c.first_moment << c.second_moment << c.pending_loss
    << static_cast<double>(c.pending_steps) << s.basis_checksum << s.weights_checksum << s.effective_namelist
    << s.version << s.criterion << s.head_calibrations.front() << s.ensemble_calibrations.front() << s.layout.centre_lat
    << s.layout.centre_lon << s.layout.active << s.best_score << s.options.dropout
    << std::vector<long>{s.step,
                         s.best_step,
                         s.ranks,
                         s.layout.tokens,
                         s.layout.modes,
                         s.layout.condition,
                         s.layout.global_tokens,
                         s.options.width,
                         s.options.depth,
                         s.options.heads,
                         s.options.diffusion_steps,
                         s.options.with_head};
  for (const NamedSlice& slice : c.slices) d << slice.name << slice.shape;
  for (const ValidationRecord& r : s.history) d << static_cast<double>(r.step) << r.loss << r.score;
  return d.value();
}

std::uint64_t product_digest(const Communicator& comm, const std::string& path) {
  const ProductReader product(comm, path, "tos");
  const NetcdfFile file = NetcdfFile::open(comm, path);
  Digest d;
  d << product.times().values() << product.mesh().y().centres << product.mesh().x().centres
    << static_cast<double>(members_behind(product.namelist(), path))
    << file.text("", "podscale_basis_checksum").value_or("")
    << file.text("", "podscale_namelist").value_or("");
  const auto half_width = product.conformal_half_width().value_or(std::array<double, 4>{});
  d << std::vector<double>(half_width.begin(), half_width.end());
  ProductFields fields;
  for (long t = 0; t < std::ssize(product.times()); t += 8) {
    product.read(t, fields);
    d << fields.mean << fields.variance << fields.members;
  }
  return d.value();
}

/// Of the factors beside an intact product.
std::uint64_t factors_digest(const Communicator& comm, const std::string& path) {
  const Communicator self = Communicator::self();
  const std::string beside = path.substr(0, path.size() - std::string("factors.nc").size()) + "nc";
  comm.agree([&] {
    if (comm.is_root() && !fs::exists(beside)) fs::copy_file(kStudy + "/product.nc", beside);
  });
  const NetcdfFile product = NetcdfFile::open(self, beside);
  const FactorReader factors(product);
  const std::size_t predictors = factors.file().dimension("predictor").value();
  Digest d;
  for (std::size_t t = 0; t < 14; t += 8) {
    d << read_condition(factors.file(), factors.basis(), 0, predictors, t);
    for (const auto& rows : factors.read(t).factor) d << rows;
  }
  return d.value();
}

using Reader = std::function<std::uint64_t(const Communicator&, const std::string&)>;

/// Where to flip: spread over the file by chance, and all of its ends.
std::vector<long> places(long size) {
  constexpr long kEnd = 40;
  std::vector<long> places;
  for (long i = 0; i < kEnd; ++i) places.insert(places.end(), {i, size - 1 - i});
  const CounterRandom random(7, Stream::test);
  for (std::uint32_t i = 0; i < 320; ++i) places.push_back(static_cast<long>(random.integer(i) % size));
  return places;
}

void flip_and_read(const std::string& name, const Reader& read) {
  const Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  const std::string path = test::ScratchFolder(comm) / name;
  comm.agree([&] {
    if (comm.is_root()) fs::copy_file(kStudy + "/" + name, path);
  });
  const std::uint64_t whole = read(comm, path);
  const auto flip = [&](long at, char mask) {
    comm.barrier();
    if (comm.is_root()) {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      const char byte = static_cast<char>(file.seekg(at).get() ^ mask);
      file.seekp(at).put(byte);
    }
    comm.barrier();
  };
  const CounterRandom random(8, Stream::test);
  const long size = static_cast<long>(fs::file_size(path));
  long refused = 0, tried = 0;
  for (const long at : places(size)) {
    const char mask = static_cast<char>(1 + random.integer(static_cast<std::uint32_t>(tried++)) % 255);
    flip(at, mask);
    try {
      EXPECT_EQ(read(comm, path), whole)
          << name << ": other values after flipping byte " << at << " of " << size;
    } catch (const Error& error) {
      ++refused;
      EXPECT_TRUE(error.code() == ExitCode::data || error.code() == ExitCode::io)
          << at << ": " << error.what();
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << name << ", byte " << at << ": " << error.what();
    }
    flip(at, mask);
  }
  EXPECT_EQ(read(comm, path), whole);
  EXPECT_EQ(comm.max(refused), refused);
  EXPECT_GT(refused, tried - 40) << "the bytes of the last line that name it may change";
}

TEST(Damage, Basis) {
  flip_and_read("basis.nc", basis_digest);
}
TEST(Damage, Model) {
  flip_and_read("model.h5", model_digest);
}
TEST(Damage, Product) {
  flip_and_read("product.nc", product_digest);
}
TEST(Damage, Factors) {
  flip_and_read("product.factors.nc", factors_digest);
}

}  // namespace
}  // namespace podscale
