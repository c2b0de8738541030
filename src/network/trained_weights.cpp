#include "podscale/network/trained_weights.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "weights_file.hpp"

namespace podscale {
namespace {

constexpr std::pair<const char*, std::vector<float> TrainedWeights::*> kGroups[] = {
    {"/parameters/", &TrainedWeights::parameters},
    {"/average/", &TrainedWeights::average},
    {"/best/", &TrainedWeights::best},
    {"/first_moment/", &TrainedWeights::first_moment},
    {"/second_moment/", &TrainedWeights::second_moment}};

}  // namespace

void put_weights(Hdf5File& file, const TrainedWeights& weights) {
  for (const NamedSlice& slice : weights.slices) {
    const std::vector<hsize_t> shape(slice.shape.begin(), slice.shape.end());
    for (const auto& [group, member] : kGroups)
      file.put(group + slice.name, shape, (weights.*member).data() + slice.offset);
  }
}

void get_weights(const Hdf5File& file, const std::string& path, TrainedWeights& weights) {
  for (const std::string& name : file.names("/parameters")) {
    const auto shape = file.shape("/parameters/" + name);
    NamedSlice slice{
        name, {shape.begin(), shape.end()}, static_cast<std::int64_t>(weights.parameters.size()), 1};
    for (const hsize_t n : shape) slice.size *= static_cast<std::int64_t>(n);
    for (const auto& [prefix, member] : kGroups) {
      const auto part = file.array<float>(prefix + name);
      if (static_cast<std::int64_t>(part.size()) != slice.size)
        fail(ExitCode::data, "{}: {}{} has {} values, expected {}; the file is damaged", path, prefix, name,
             part.size(), slice.size);
      (weights.*member).insert((weights.*member).end(), part.begin(), part.end());
    }
    weights.slices.push_back(std::move(slice));
  }
}

void require_checksum(const TrainedWeights& weights, const std::string& stored, const std::string& path) {
  if (const std::string found = weights_checksum(weights); found != stored)
    fail(ExitCode::data, "{}: weights checksum {} does not match the stored {}; the file is damaged", path,
         found, stored);
}

std::string weights_checksum(const TrainedWeights& weights) {
  std::uint64_t sum = 0;
  for (const NamedSlice& slice : weights.slices) {
    Checksum checksum;
    checksum.add_bytes(slice.name.data(), slice.name.size());
    checksum.add(std::span<const float>(weights.best).subspan(slice.offset, slice.size));
    sum += checksum.value();
  }
  return checksum_text(sum);
}

std::vector<float> in_order_of(const std::vector<NamedSlice>& slices, const TrainedWeights& weights,
                               const std::vector<float>& from, const std::string& path) {
  std::vector<float> values;
  for (const NamedSlice& wanted : slices) {
    const auto found = std::find_if(weights.slices.begin(), weights.slices.end(), [&](const NamedSlice& s) {
      return s.name == wanted.name && s.shape == wanted.shape;
    });
    if (found == weights.slices.end())
      fail(ExitCode::data,
           "{}: no parameter {} of {} values; expected a network of the same width, depth and tokens", path,
           wanted.name, wanted.size);
    values.insert(values.end(), from.begin() + found->offset, from.begin() + found->offset + found->size);
  }
  return values;
}

}  // namespace podscale
