// Fields to NetCDF files and back, in parallel, against plain POSIX calls on the same bytes.
// Neither side waits for the disk (no fsync): both meet the page cache.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "benchmark.hpp"
#include "podscale/core/error.hpp"
#include "podscale/study/product_file.hpp"
#include "podscale/parallel/decomposition.hpp"
#include "study.hpp"

namespace podscale::benchmark {
namespace {

constexpr long kSide = 512, kSteps = 256, kBlock = 16, kProductSteps = kSteps / 4;

/// This rank's part of a series of 256 MiB: smooth fields with noise of 0.05 K, in steps of 0.01 K
/// as in analyses.
struct Part {
  Part(const Communicator& comm)
      : decomposition(kSide, kSide, 32, 32, comm.size()),
        window(decomposition.window_of(comm.rank())),
        block(normal_floats(kBlock * window.points(), 1)) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const long point = static_cast<long>(i) % window.points();
      const double y = static_cast<double>(window.y0 + point / window.nx),
                   x = static_cast<double>(window.x0 + point % window.nx);
      const double value = 15 + 10 * std::sin(y / 60) * std::cos(x / 80) + 0.05 * block[i];
      block[i] = static_cast<float>(std::round(100 * value) / 100);
    }
  }
  Decomposition decomposition;
  Window window;
  std::vector<float> block;  ///< [kBlock][window points], written again and again
};

using Sizes = std::vector<std::size_t>;
Sizes start_of(const Part& part, long step) {
  return {static_cast<std::size_t>(step), static_cast<std::size_t>(part.window.y0),
          static_cast<std::size_t>(part.window.x0)};
}
Sizes count_of(const Part& part) {
  return {kBlock, static_cast<std::size_t>(part.window.ny), static_cast<std::size_t>(part.window.nx)};
}

void write_netcdf(const Communicator& comm, const Part& part, int deflate, const std::string& path) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("time", kSteps, true);
  file.define_dimension("lat", kSide);
  file.define_dimension("lon", kSide);
  const auto chunk = part.decomposition.chunk_shape();
  file.define_variable("tos", NC_FLOAT, {"time", "lat", "lon"}, {{1, chunk[0], chunk[1]}, deflate, 1e20});
  file.end_definitions();
  for (long step = 0; step < kSteps; step += kBlock)
    file.put("tos", start_of(part, step), count_of(part), std::span<const float>(part.block));
  file.commit();
}

void read_netcdf(const Communicator& comm, const Part& part, const std::string& path,
                 std::vector<float>& into) {
  const NetcdfFile file = NetcdfFile::open(comm, path);
  for (long step = 0; step < kSteps; step += kBlock)
    file.get("tos", start_of(part, step), count_of(part), std::span(into));
}

/// Every rank its own contiguous part of one file.
template <class Call>
void plain(const Communicator& comm, const std::string& path, std::size_t bytes, int flags,
           const Call& call) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  PODSCALE_ASSERT(file >= 0, "open {}", path);
  for (long i = 0; i < kSteps / kBlock; ++i) {
    const long offset = (comm.rank() * (kSteps / kBlock) + i) * static_cast<long>(bytes);
    PODSCALE_ASSERT(call(file, offset) == static_cast<ssize_t>(bytes), "{}", path);
  }
  ::close(file);
}

void write_product(const Communicator& comm, const Part& part, const std::string& path) {
  std::vector<double> axis;
  for (long i = 0; i < kSide; ++i) axis.push_back(-40 + 0.1 * static_cast<double>(i));
  SampleAxis times;
  times.units = "days since 2000-01-01";
  for (long step = 0; step < kProductSteps; ++step) times.samples.push_back({static_cast<double>(step), {}});
  ProductOptions options;
  options.variables = {{"tos", "sea_surface_temperature", "temperature", "degC", "degC"}};
  options.chunk = part.decomposition.chunk_shape();
  ProductFile product(comm, path, Mesh::rectilinear(axis, axis), part.window, times, options);
  const std::vector<double> mean(part.block.begin(), part.block.end());
  std::vector<double> variance(mean.size());
  for (std::size_t i = 0; i < mean.size(); ++i) variance[i] = 0.01 * mean[i] * mean[i];
  for (long step = 0; step < kProductSteps; step += kBlock)
    product.write(static_cast<std::size_t>(step), kBlock, mean, variance, {});
  product.commit();
}

}  // namespace

void files(Table& table) {
  Setting setting = table.setting();
  setting.repeats = std::min(setting.repeats, 3);
  const Communicator& comm = *setting.comm;
  const Part part(comm);
  const std::size_t bytes = part.block.size() * sizeof(float);
  const std::string plain_path = setting.scratch + "/plain.bin";
  std::vector<float> into(part.block.size()), values(part.block.size());
  const auto plain_write = [&] {
    plain(comm, plain_path, bytes, O_WRONLY | O_CREAT,
          [&](int file, long offset) { return ::pwrite(file, part.block.data(), bytes, offset); });
  };
  const auto plain_read = [&] {
    plain(comm, plain_path, bytes, O_RDONLY,
          [&](int file, long offset) { return ::pread(file, into.data(), bytes, offset); });
  };
  const double megabytes = 1e-6 * kSide * kSide * kSteps * sizeof(float);  // of all ranks
  for (const int deflate : {0, 1}) {
    const std::string path = setting.scratch + fmt::format("/deflate{}.nc", deflate);
    const Times write = measure(
        setting, Clock::wall, [&] { write_netcdf(comm, part, deflate, path); }, plain_write);
    table.add({fmt::format("write a series of {:.0f} MB in all, deflate {}", megabytes, deflate),
               write.subject, megabytes, "MB", "POSIX write", write.reference, megabytes});
    const Times read = measure(
        setting, Clock::wall, [&] { read_netcdf(comm, part, path, values); }, plain_read);
    PODSCALE_ASSERT(values == part.block, "{}: other values than were written", path);
    table.add({fmt::format("read it, deflate {}", deflate), read.subject, megabytes, "MB", "POSIX read",
               read.reference, megabytes});
  }
  // Mean, variance and standard deviation.
  const std::string path = setting.scratch + "/product.nc";
  const double product_megabytes = 3 * megabytes * kProductSteps / kSteps;
  const Times product = measure(
      setting, Clock::wall, [&] { write_product(comm, part, path); }, plain_write);
  table.add({fmt::format("write a product, {:.0f} MB in all, deflate 1", product_megabytes), product.subject,
             product_megabytes, "MB", "POSIX write", product.reference, megabytes});
}

}  // namespace podscale::benchmark
