#pragma once
// What training, downscaling and members start from: basis.nc with its base.

#include <optional>
#include <string>

#include "podscale/study/base_file.hpp"
#include "podscale/gaussian/latent_space.hpp"
#include "podscale/config/namelist.hpp"

namespace podscale {

struct Foundation {
  /// Collective. Errors: no_input, data (no basis, or no base in it where model.base = 'gaussian').
  Foundation(const Communicator& comm, const std::string& path, const Namelist& namelist)
      : path(path), basis(read_basis(comm, path)), space(basis, read(comm, path, namelist)) {}
  Foundation(const Foundation&) = delete;

  std::string path;
  Basis basis;
  std::optional<LinearGaussian> base;
  LatentSpace space;

 private:
  const LinearGaussian* read(const Communicator& comm, const std::string& path, const Namelist& namelist) {
    if (namelist.text("model.base") != "gaussian") return nullptr;
    return &base.emplace(require_base(comm, basis, path));
  }
};

}  // namespace podscale
