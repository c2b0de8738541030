#pragma once
// Errors of work that each rank does for itself.

#include "podscale/core/error.hpp"

namespace podscale {

/// Not collective. Runs work; an error that the private communicator of one rank "agreed" on is
/// not agreed among all ranks, so it leaves here as this rank's own.
template <class Work>
void on_this_rank(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    throw Error(error.code(), error.what());
  }
}

}  // namespace podscale
