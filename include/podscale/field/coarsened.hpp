#pragma once
// Block means of another source: the LR side of a study that has no LR files.

#include <memory>
#include <utility>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

class Coarsened final : public FieldSource {
 public:
  /// Collective on the communicator of `fine`. Means over factor x factor points of `fine`: of the
  /// valid points of a block that its land mask, if there is one, calls ocean, each position once
  /// (Mesh::owner). Errors: data (a factor that is
  /// larger than the mesh, or that does not divide the columns of a periodic one).
  Coarsened(std::shared_ptr<const FieldSource> fine, int factor);

  const Communicator& comm() const override { return fine_->comm(); }
  const Mesh& mesh() const override { return mesh_; }
  const SampleAxis& times() const override { return fine_->times(); }
  const std::vector<Variable>& variables() const override { return fine_->variables(); }
  std::string describe() const override;
  std::string where(long step, idx_t channel) const override { return fine_->where(step, channel); }
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;

 private:
  const std::vector<unsigned char>& fine_mask(const Window& fine) const;

  std::shared_ptr<const FieldSource> fine_;
  int factor_;
  Mesh mesh_;
  // Land masks of the fine side, without points that repeat others, on the windows read so far:
  // they do not change in time, and a study asks for two or three windows in turn.
  mutable std::vector<std::pair<Window, std::vector<unsigned char>>> masks_;
};

/// Block means. fine: [steps][ny*factor or less][nx*factor or less] of the fine window; coarse:
/// [steps][ny][nx]. Missing values (NaN) do not count; a block without a value is NaN.
void block_mean(std::span<const float> fine, long steps, long fine_ny, long fine_nx, int factor,
                std::span<float> coarse);

}  // namespace podscale
