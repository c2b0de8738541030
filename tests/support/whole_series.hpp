#pragma once
// Token series of all ranks in one place.

#include <algorithm>
#include <vector>

#include "podscale/parallel/communicator.hpp"
#include "podscale/study/token_series.hpp"

namespace podscale::test {

/// Collective. [times][tokens of this rank][width] to [times][tokens][width], on every rank.
inline std::vector<float> whole_series(const Communicator& comm, const TokenSeries& series,
                                       const std::vector<float>& values, int tokens) {
  const std::size_t times = series.year_phase.size(), mine = series.tokens.size(), all = tokens,
                    width = comm.max(mine > 0 ? static_cast<long>(values.size() / (times * mine)) : 0l);
  std::vector<float> out(times * all * width, 0.0f);
  for (std::size_t t = 0; t < times; ++t)
    for (std::size_t i = 0; i < mine; ++i)
      std::copy_n(
          values.begin() + static_cast<long>((t * mine + i) * width), width,
          out.begin() + static_cast<long>((t * all + static_cast<std::size_t>(series.tokens[i])) * width));
  comm.sum(std::span(out));  // every token comes from one rank
  return out;
}

}  // namespace podscale::test
