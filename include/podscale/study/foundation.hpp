#pragma once
// What training, downscaling and members start from: basis.nc with its reference forecast.

#include <memory>
#include <string>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

struct Foundation {
  /// Collective. Errors: no_input, data (no basis, or no base in it where model.base =
  /// 'gaussian').
  Foundation(const Communicator& comm, const StudyOptions& options)
      : path(options.output.basis_file.get()),
        basis(read_basis(comm, path)),
        reference(read_reference(comm, basis, path, options.with_base)),
        spaces(spaces_of(basis, *reference)),
        space(spaces.front()) {
    if (!options.with_base) basis.seams = {};  // they belong to the base
  }
  Foundation(const Foundation&) = delete;

  static std::vector<LatentSpace> spaces_of(const Basis& basis, const ReferenceForecast& reference) {
    std::vector<LatentSpace> spaces;
    for (std::size_t r = 0; r < reference.regimes(); ++r) spaces.emplace_back(basis, reference.regime(r));
    return spaces;
  }

  std::string path;
  Basis basis;
  std::unique_ptr<const ReferenceForecast> reference;
  std::vector<LatentSpace> spaces;  ///< one a regime of the reference
  const LatentSpace& space;         ///< of regime 0
};

}  // namespace podscale
