#pragma once
// Another source on the mesh of this one: the LR source that is applied, on the LR mesh of the
// training.

#include <memory>
#include <utility>
#include <vector>

#include "podscale/field/field_source.hpp"
#include "podscale/mesh/remap.hpp"

namespace podscale {

class Remapped final : public FieldSource {
 public:
  /// Collective on the communicator of `source`. source_ocean, target_ocean: [points] of the two
  /// meshes. A cell of the target that holds three source points or more, on average, is the mean
  /// by area over those of them that are ocean; else, and where a cell holds none, bilinear from
  /// ocean points (Remap). Where there is none within 4 cells the nearest stands in, with a
  /// warning; Error(data) where that is so of more than a tenth of the target's ocean. role, key:
  /// "the applied LR source", "data.apply_files", for messages.
  Remapped(std::shared_ptr<const FieldSource> source, std::vector<unsigned char> source_ocean, Mesh target,
           std::vector<unsigned char> target_ocean, const std::string& role, const std::string& key);

  const Communicator& comm() const override { return source_->comm(); }
  const Mesh& mesh() const override { return target_; }
  const SampleAxis& times() const override { return source_->times(); }
  const std::vector<Variable>& variables() const override { return source_->variables(); }
  std::string describe() const override { return source_->describe(); }
  std::string where(long step, idx_t channel) const override { return source_->where(step, channel); }
  /// NaN on land of the target, and where a source point that a cell needs has no value.
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  bool averages() const { return !cell_.empty(); }  ///< whether cells are means over source points

 private:
  std::vector<unsigned char> ocean_in(const Window& window) const;
  Remap make(const Window& window) const;
  const Remap& remap(const Window& window) const;

  std::shared_ptr<const FieldSource> source_;
  std::vector<unsigned char> source_ocean_;
  Mesh target_;
  std::vector<unsigned char> target_ocean_;
  int search_ = 4;           // cells of the source
  std::vector<idx_t> cell_;  // of the target that a source point lies in, or -1; empty: bilinear
  // Those of the windows read so far: a study asks for two or three in turn.
  mutable std::vector<std::pair<Window, Remap>> remaps_;
};

}  // namespace podscale
