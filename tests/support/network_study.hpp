#pragma once
// The learnable study, and folders for its files.

#include "learnable_study.hpp"
#include "scratch.hpp"

namespace podscale::test {

using Folder = ScratchFolder;

}  // namespace podscale::test
