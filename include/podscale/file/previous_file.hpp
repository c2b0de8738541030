#pragma once
// The checkpoint before the last one: what a training goes on from if the last one turns out
// damaged.

#include <cstdint>
#include <string>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

/// Rank 0 only, before a new file is renamed over `path`: what is there stays as .<name>.previous.
/// Where the file system has no hard links nothing is kept.
void keep_previous(const std::string& path);

/// Rank 0 only, before so many bytes are written beside `path`: gives up the previous file where
/// the disk lacks the room.
void make_room(const std::string& path, std::uint64_t bytes);

/// Collective. Where the file at `path` does not have the bytes of its seal, and the previous one
/// is whole, that takes its place, with a warning. Without one nothing is done: the reader refuses
/// the file.
void fall_back(const Communicator& comm, const std::string& path);

/// Collective, once the last file is the final one.
void forget_previous(const Communicator& comm, const std::string& path);

}  // namespace podscale
