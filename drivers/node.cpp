#include "node.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <random>

namespace podscale {
namespace {

/// Whether it is so on all ranks of the node.
bool on_all(MPI_Comm node, bool here) {
  int all = here ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, node);
  return all != 0;
}

}  // namespace

Node::Node(const Communicator& comm) {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(comm.raw(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &node);
  int rank = 0;
  MPI_Comm_rank(node, &rank);
  MPI_Comm_size(node, &size_);
  count_ = comm.sum(rank == 0 ? 1 : 0);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  sched_getaffinity(0, sizeof cores, &cores);
  MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE, MPI_BOR, node);
  cores_ = std::max(1, CPU_COUNT(&cores));
  seen_.resize(static_cast<std::size_t>(size_));
  const int world = comm.rank();
  MPI_Allgather(&world, 1, MPI_INT, seen_.data(), 1, MPI_INT, node);
  mine_ = static_cast<std::size_t>(rank);
  share_memory(node);
  MPI_Comm_free(&node);
  if (!signs_) {
    seen_.assign(1, world);
    mine_ = 0;
    signs_ = &pulse::signs();
    signs_->process = static_cast<int>(getpid());
  } else {
    pulse::write_to(&signs_[mine_]);
  }
}

/// A file of memory that has no name any more once all have opened it: nothing stays, however the
/// run ends.
void Node::share_memory(MPI_Comm node) {
  if (size_ == 1) return;
  bytes_ = seen_.size() * sizeof(pulse::Signs);
  char name[64] = "";
  int file = -1;
  if (mine_ == 0) {
    fmt::format_to_n(name, sizeof name - 1, "/podscale-{}-{:08x}", getpid(), std::random_device{}());
    file = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file >= 0 && posix_fallocate(file, 0, static_cast<off_t>(bytes_)) != 0) close(file), file = -1;
  }
  MPI_Bcast(name, sizeof name, MPI_CHAR, 0, node);
  if (mine_ != 0) file = shm_open(name, O_RDWR, 0600);
  void* memory = MAP_FAILED;
  if (file >= 0) memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file >= 0) close(file);
  const bool shared = on_all(node, memory != MAP_FAILED);
  if (mine_ == 0) shm_unlink(name);
  if (memory == MAP_FAILED) return;
  if (!shared) {
    munmap(memory, bytes_);
    return;
  }
  signs_ = static_cast<pulse::Signs*>(memory);
  new (&signs_[mine_]) pulse::Signs();
  on_all(node, true);  // all are made before anyone looks
}

Node::~Node() {
  pulse::write_to(nullptr);
  if (signs_ && bytes_ > 0 && seen_.size() > 1) munmap(signs_, bytes_);
}

}  // namespace podscale
