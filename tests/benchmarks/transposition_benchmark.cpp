// Tokens from space to work items and back against MPI_Alltoall of the same bytes.
#include <fmt/format.h>

#include <algorithm>

#include "benchmark.hpp"
#include "podscale/parallel/transposition.hpp"
#include "study.hpp"

namespace podscale::benchmark {

void transposition(Table& table) {
  const Setting& setting = table.setting();
  const Communicator& comm = *setting.comm;
  constexpr long items = 64, tokens = 1024, width = 16 * 8;  // 8 members of 16 modes
  const Share mine = share_of(tokens, comm.size(), comm.rank());
  std::vector<long> local;
  for (long token = mine.begin; token < mine.end; ++token) local.push_back(token);
  const Transposition transposition(comm, local, tokens, items, width);

  auto by_space = normal_floats(items * mine.size() * width, static_cast<std::uint32_t>(comm.rank()));
  std::vector<float> by_item(transposition.items().size() * tokens * width);
  const int block = static_cast<int>(std::min(by_space.size(), by_item.size())) / comm.size();
  const auto alltoall = [&] {
    MPI_Alltoall(by_space.data(), comm.min(block), MPI_FLOAT, by_item.data(), comm.min(block), MPI_FLOAT,
                 comm.raw());
  };
  const double megabytes = 1e-6 * static_cast<double>(by_space.size() * sizeof(float));
  const double sent = 1e-6 * static_cast<double>(transposition.bytes_sent());
  const std::string reference = "MPI_Alltoall of the same bytes";
  const Times there = measure(
      setting, Clock::wall, [&] { transposition.to_items(by_space, by_item); }, alltoall);
  table.add({fmt::format("transposition to items, {:.1f} MB a rank, {:.1f} MB leave it", megabytes, sent),
             there.subject, megabytes, "MB", reference, there.reference, megabytes});
  const Times back = measure(
      setting, Clock::wall, [&] { transposition.to_space(by_item, by_space); }, alltoall);
  table.add({"transposition to space, the same", back.subject, megabytes, "MB", reference, back.reference,
             megabytes});
}

}  // namespace podscale::benchmark
