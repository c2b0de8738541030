#pragma once
// The noise that members are made from: drawn here and nowhere else, the same bits on any rank.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "podscale/core/random.hpp"
#include "podscale/pod/token_layout.hpp"

namespace podscale {

struct Inflation;

/// Factors on the standard deviation of the noise that sampling starts from: how calibration
/// reaches members.
struct Temperature {
  Temperature() = default;
  explicit Temperature(const Inflation& inflation);
  float patch = 1, global = 1;
  std::vector<float> mode{};  ///< of each mode of a patch, relative to `patch`; empty: all 1
  std::vector<float> token{};  ///< [tokens of patches] more factors, as where LR was filled in; empty: all 1
  float of_mode(std::size_t m) const { return patch * (m < mode.size() ? mode[m] : 1.0f); }
};

/// Noise of all tokens, [tokens][K], that persists from one time to the next.
struct PersistentNoise {
  virtual ~PersistentNoise() = default;
  /// Not collective. N(0, 1): values first .. first + out.size() - 1 of a member (from 0) at a
  /// time (SampleAxis::time_key).
  virtual void values(std::uint64_t time_key, int member, std::size_t first, std::span<float> out) const = 0;
};

class StartNoise {
 public:
  /// modes: K. stream: `ancestral` for the noise of that sampler's steps. coherent: of all tokens,
  /// [tokens][K], in place of noise that is independent in time.
  StartNoise(std::uint64_t seed, int modes, Stream stream = Stream::sampler,
             std::shared_ptr<const PersistentNoise> coherent = nullptr)
      : random_(seed, stream), modes_(static_cast<std::size_t>(modes)), coherent_(std::move(coherent)) {}
  /// Not collective. N(0, 1) of the tokens from `first` on, of a member (from 0) at a time
  /// (SampleAxis::time_key) and a step of the sampler: [tokens][K], as many as `out` holds.
  void values(std::uint64_t time_key, int member, long first, std::span<float> out,
              std::uint32_t step = 0) const {
    const std::size_t from = static_cast<std::size_t>(first) * modes_;
    if (coherent_)
      coherent_->values(time_key, member, from, out);
    else
      random_.fill_noise(out, time_key, static_cast<std::uint32_t>(member), step, from);
  }
  /// Not collective. Of all tokens of a layout, times the temperature; 0 in padding: [P][K].
  void latents(const TokenLayout& layout, std::uint64_t time_key, int member, const Temperature& temperature,
               std::span<float> out, std::uint32_t step = 0) const;
  /// Not collective. The same of some tokens, as in a tile, the same bits: [tokens][K].
  void latents_of(const TokenLayout& layout, std::span<const long> tokens, std::uint64_t time_key, int member,
                  const Temperature& temperature, std::span<float> out, std::uint32_t step = 0) const;

 private:
  void scale(const TokenLayout& layout, long first, const Temperature& temperature, std::span<float> out) const;
  CounterRandom random_;
  std::size_t modes_;
  std::shared_ptr<const PersistentNoise> coherent_;
};

}  // namespace podscale
