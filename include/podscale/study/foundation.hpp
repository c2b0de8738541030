#pragma once
// What training, downscaling and members start from: basis.nc with its reference forecast.

#include <memory>
#include <string>

#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/base_file.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

struct Foundation {
  /// Collective. Errors: no_input, data (no basis, or no base in it where model.base = 'gaussian').
  Foundation(const Communicator& comm, const StudyOptions& options)
      : path(options.output.basis_file.get()),
        basis(read_basis(comm, path)),
        reference(read_reference(comm, basis, path, options.with_base)),
        space(basis, *reference) {
    if (!options.with_base) basis.seams = {};  // they belong to the base
  }
  Foundation(const Foundation&) = delete;

  std::string path;
  Basis basis;
  std::unique_ptr<const ReferenceForecast> reference;
  LatentSpace space;
};

}  // namespace podscale
