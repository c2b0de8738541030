#include "sample_rows.hpp"

#include <numeric>

#include "podscale/core/error.hpp"

namespace podscale {

void SampleRows::find_owners(const TrainingSet& set) {
  if (!owner_.empty()) return;  // every set has the tokens of the process's patches
  std::vector<float> owner(static_cast<std::size_t>(tokens_), 0.0f);
  index_.assign(owner.size(), -1);
  for (std::size_t i = 0; i < set.tokens.size(); ++i) {
    owner[static_cast<std::size_t>(set.tokens[i])] = static_cast<float>(processes_->rank() + 1);
    index_[static_cast<std::size_t>(set.tokens[i])] = static_cast<long>(i);
  }
  if (processes_->size() > 1) processes_->sum(std::span(owner));
  owner_.clear();
  for (const float rank : owner) {
    PODSCALE_ASSERT(rank >= 1 && rank <= static_cast<float>(processes_->size()), "a token of {} processes",
                    rank);
    owner_.push_back(static_cast<int>(rank) - 1);
  }
}

SampleRows::Row SampleRows::local_row(const TrainingSet& set, long item, long index) const {
  const std::size_t tokens = set.all_tokens ? static_cast<std::size_t>(tokens_) : set.tokens.size(),
                    at = static_cast<std::size_t>(item) * tokens + static_cast<std::size_t>(index);
  return {set.latent.data() + at * static_cast<std::size_t>(modes_), set.condition.data() + at * width(set)};
}

std::vector<std::vector<SampleRows::Row>> SampleRows::fetch(const std::vector<std::vector<Wanted>>& wanted) {
  const int me = processes_->rank(), ranks = processes_->size();
  const auto& mine = wanted[static_cast<std::size_t>(me)];
  std::vector<std::vector<Row>> rows(mine.size());
  for (std::size_t s = 0; s < mine.size(); ++s) {
    if (!mine[s].set->all_tokens) find_owners(*mine[s].set);
    if (!mine[s].set->all_tokens && ranks > 1) continue;
    for (const long token : mine[s].tokens)
      rows[s].push_back(local_row(*mine[s].set, mine[s].item,
                                  mine[s].set->all_tokens ? token : index_[static_cast<std::size_t>(token)]));
  }
  if (mine.empty() || mine.front().set->all_tokens || ranks == 1) return rows;

  std::vector<long> out(static_cast<std::size_t>(ranks), 0), in(out);
  sent_.clear();
  for (std::size_t r = 0; r < wanted.size(); ++r) {
    const std::size_t before = sent_.size();
    for (const Wanted& sample : wanted[r])
      for (const long token : sample.tokens) {
        const std::size_t t = static_cast<std::size_t>(token);
        if (owner_[t] != me) continue;
        const Row row = local_row(*sample.set, sample.item, index_[t]);
        sent_.insert(sent_.end(), row.latent, row.latent + modes_);
        sent_.insert(sent_.end(), row.condition, row.condition + width(*sample.set));
      }
    out[r] = static_cast<long>(sent_.size() - before);
  }
  for (const Wanted& sample : mine)
    for (const long token : sample.tokens)
      in[static_cast<std::size_t>(owner_[static_cast<std::size_t>(token)])] +=
          modes_ + static_cast<long>(width(*sample.set));
  std::vector<long> at(in.size(), 0);  // of the next row from each process
  std::exclusive_scan(in.begin(), in.end(), at.begin(), 0l);
  found_.resize(static_cast<std::size_t>(std::accumulate(in.begin(), in.end(), 0l)));
  processes_->exchange(sent_, out, found_, in);
  for (std::size_t s = 0; s < mine.size(); ++s)
    for (const long token : mine[s].tokens) {
      long& from = at[static_cast<std::size_t>(owner_[static_cast<std::size_t>(token)])];
      const float* row = found_.data() + from;
      rows[s].push_back({row, row + modes_});
      from += modes_ + static_cast<long>(width(*mine[s].set));
    }
  return rows;
}

}  // namespace podscale
