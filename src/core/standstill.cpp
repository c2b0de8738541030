#include "podscale/core/standstill.hpp"

#include <algorithm>

namespace podscale {
namespace {

constexpr double kPatience = 10;    // times the limit, of who computes
constexpr double kComputing = 0.2;  // of one core

bool moved(std::span<const SignsOfLife> before, std::span<const SignsOfLife> now) {
  return !std::equal(before.begin(), before.end(), now.begin(), now.end(),
                     [](const SignsOfLife& a, const SignsOfLife& b) {
                       return a.beats == b.beats && a.meetings == b.meetings;
                     });
}

}  // namespace

Standstill::Standstill(double limit, double tick, bool others)
    : limit_(limit), tick_(tick), others_(others) {}

std::optional<Verdict> Standstill::judge(double elapsed, std::span<const SignsOfLife> now) {
  if (moved(at_start_, now)) {
    at_start_.assign(now.begin(), now.end());
    still_ = 0;
    return std::nullopt;
  }
  still_ += std::clamp(elapsed, 0.0, 3 * tick_);
  if (still_ < limit_) return std::nullopt;
  Verdict verdict{Blame::stuck, {}, still_};
  std::vector<std::size_t> computing, waiting;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i].waiting)
      waiting.push_back(i);
    else if (now[i].computed - at_start_[i].computed > kComputing * still_)
      computing.push_back(i);
    else
      verdict.culprits.push_back(i);
  }
  if (!verdict.culprits.empty()) return verdict;
  if (!computing.empty()) {
    if (still_ < kPatience * limit_) return std::nullopt;
    return Verdict{Blame::endless, computing, still_};
  }
  if (others_) return std::nullopt;
  return Verdict{Blame::all, waiting, still_};
}

}  // namespace podscale
