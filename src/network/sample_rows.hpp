#pragma once
// The tokens of training samples, wherever they lie: each process has those of its patches.

#include <span>
#include <vector>

#include "podscale/network/gradient_average.hpp"
#include "podscale/network/model.hpp"

namespace podscale {

class SampleRows {
 public:
  /// processes must outlive it. Not collective.
  SampleRows(const GradientAverage& processes, const TokenLayout& layout)
      : processes_(&processes), modes_(layout.modes), condition_(layout.condition), tokens_(layout.tokens) {}

  struct Wanted {
    const TrainingSet* set;
    long item;
    std::span<const long> tokens;
  };
  /// Values of a token, as its set holds them.
  struct Row {
    const float *latent, *condition;
  };
  /// Collective. wanted: the samples of each process, the same lists on every process unless a set
  /// has all_tokens, which each process looks for in its own. Rows of this process's samples,
  /// token by token; they are there until the next call.
  std::vector<std::vector<Row>> fetch(const std::vector<std::vector<Wanted>>& wanted);

 private:
  void find_owners(const TrainingSet& set);
  Row local_row(const TrainingSet& set, long item, long index) const;
  std::size_t width(const TrainingSet& set) const {
    return set.columns.empty() ? static_cast<std::size_t>(condition_) : set.columns.size();
  }

  const GradientAverage* processes_;
  long modes_, condition_, tokens_;
  std::vector<int> owner_;   // [tokens]
  std::vector<long> index_;  // [tokens] among the owner's
  std::vector<float> sent_, found_;
};

}  // namespace podscale
