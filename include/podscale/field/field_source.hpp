#pragma once
// Where the fields of a study come from: files, block means of another source, memory, a synthetic
// ocean. All that reads fields takes this interface.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/variable.hpp"
#include "podscale/mesh/mesh.hpp"
#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// A field of one or more channels in time on a mesh. The communicator of a source must outlive
/// it.
class FieldSource {
 public:
  virtual ~FieldSource() = default;
  virtual const Communicator& comm() const = 0;
  virtual const Mesh& mesh() const = 0;
  virtual const SampleAxis& times() const = 0;
  /// What the values of each channel are.
  virtual const std::vector<Variable>& variables() const = 0;
  idx_t channels() const { return static_cast<idx_t>(variables().size()); }
  /// "tos in a.nc ... z.nc (24 files)": for messages.
  virtual std::string describe() const = 0;
  /// Not collective. Where a channel of a step comes from: "tos in c.nc", for messages.
  virtual std::string where(long step, idx_t channel) const {
    static_cast<void>(step), static_cast<void>(channel);
    return describe();
  }
  /// Collective on comm(); windows may differ between ranks and be empty, steps (of times()) must
  /// be the same on all ranks. out: [steps][channels][window.ny][window.nx] in working units, NaN
  /// where missing.
  virtual void read(const Window& window, std::span<const long> steps, std::span<float> out) const = 0;
  /// Collective on comm(). What the source itself calls ocean, whatever its data are: [window
  /// points], 1 = ocean. All ones for a source that says nothing.
  virtual std::vector<unsigned char> land_mask(const Window& window) const {
    return std::vector<unsigned char>(window.points(), 1);
  }
};

/// Collective on the source's communicator. At how many of `steps` a point is valid in all
/// channels, 0 where the land_mask says land. Read in blocks of time. out: [window.ny][window.nx].
std::vector<long> valid_times(const FieldSource& source, const Window& window, std::span<const long> steps);

/// Collective on the source's communicator. 1 = ocean: valid in all channels at every one of
/// `steps` and ocean in its land_mask. Read in blocks of time. out: [window.ny][window.nx].
/// sometimes_valid (optional): number of points of the window that are valid at some of the steps
/// only (in all channels).
std::vector<unsigned char> ocean_mask(const FieldSource& source, const Window& window,
                                      std::span<const long> steps, long* sometimes_valid = nullptr);

/// Collective on the source's communicator. Error(data) where the land_mask is inside out: nine
/// tenths of its sea have no value at the first, the middle and the last time, while more of its
/// land have.
void require_mask_of_data(const FieldSource& source);

/// Collective. The same of the whole mesh, on every rank: [ny*nx].
std::vector<unsigned char> whole_ocean_mask(const FieldSource& source, std::span<const long> steps);

}  // namespace podscale
