#pragma once
// What training, downscaling and members start from: basis.nc with its base.

#include <optional>
#include <string>

#include "podscale/study/base_file.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

struct Foundation {
  /// Collective. Errors: no_input, data (no basis, or no base in it where model.base = 'gaussian').
  Foundation(const Communicator& comm, const StudyOptions& options)
      : path(options.output.basis_file.get()),
        basis(read_basis(comm, path)),
        space(basis, read(comm, options.with_base)) {}
  Foundation(const Foundation&) = delete;

  std::string path;
  Basis basis;
  std::optional<LinearGaussian> base;
  LatentSpace space;

 private:
  const LinearGaussian* read(const Communicator& comm, bool with_base) {
    if (!with_base) return nullptr;
    return &base.emplace(require_base(comm, basis, path));
  }
};

}  // namespace podscale
