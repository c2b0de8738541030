#pragma once
// What tests begin with that write files on all ranks together.

#include <gtest/gtest.h>

#include "podscale/parallel/communicator.hpp"
#include "scratch.hpp"

namespace podscale::test {

class OnAllRanks : public ::testing::Test {
 protected:
  Communicator comm = Communicator::duplicate(MPI_COMM_WORLD);
  ScratchFolder scratch{comm};
};

}  // namespace podscale::test
