#include <ATen/Parallel.h>
#include <malloc.h>
#include <mpi.h>
#include <sched.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <algorithm>
#include <cstddef>

#include "arithmetic.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/process.hpp"
#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

/// The ranks of comm that share this node with us. To be freed.
MPI_Comm ranks_of_node(MPI_Comm comm) {
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  return node;
}

/// Cores that the ranks of this node may use together, over their number: right whether the
/// launcher binds ranks to cores, to sockets, or not at all. Collective over the program (the
/// threads of a process are no business of a communicator).
int cores_per_rank() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  int up = 0, ranks = 1;
  MPI_Initialized(&up);
  if (up) {
    MPI_Comm node = ranks_of_node(MPI_COMM_WORLD);
    MPI_Comm_size(node, &ranks);
    MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
  }
  return std::max(1, CPU_COUNT(&cores) / ranks);
}

}  // namespace

int node_rank(const Communicator& comm) {
  int rank = 0;
  MPI_Comm node = ranks_of_node(comm.raw());
  MPI_Comm_rank(node, &rank);
  MPI_Comm_free(&node);
  return rank;
}

int device_index(int rank, int devices) {
  PODSCALE_ASSERT(rank >= 0 && devices > 0, "rank {} of {} devices", rank, devices);
  return rank % devices;
}

std::string device_of_rank(const Communicator& comm, const Placement& wanted) {
  require_arithmetic(wanted);
  if (wanted.device != "cuda") return wanted.device;
  const int devices = static_cast<int>(torch::cuda::device_count());
  comm.agree([&] {
    if (devices == 0)
      fail(ExitCode::usage,
           "model.device = 'cuda': this LibTorch finds no CUDA device; "
           "expected 'cpu', or a CUDA build of LibTorch and a GPU on every node");
  });
  return fmt::format("cuda:{}", device_index(node_rank(comm), devices));
}

void tune_process(int threads) {
  // glibc returns large blocks to the system on free, and every forward pass would fault them in
  // again.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2000000000);
  mallopt(M_TOP_PAD, 256 << 20);
  if (threads == 0) threads = cores_per_rank();
  at::set_num_threads(threads);
  set_blas_threads(threads);  // Torch's own setting does not reach OpenBLAS
}

const NetworkBackend& network_backend() {
  static const NetworkBackend backend{
      "LibTorch " TORCH_VERSION, tune_process, device_of_rank,
      [](const Communicator& comm, const std::string& path, const TokenLayout& layout,
         const std::string& basis_checksum, const Placement& placement,
         const std::string& basis) -> std::unique_ptr<TokenNetwork> {
        return std::make_unique<Model>(Model::load(comm, path, layout, basis_checksum, placement, basis));
      },
      [](const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
         const TrainingOptions& training, const std::string& basis_checksum, const std::string& model_file,
         bool resume, const std::string& namelist,
         const std::string& basis) -> std::unique_ptr<NetworkTrainer> {
        return std::make_unique<Trainer>(comm, layout, model, training, basis_checksum, model_file, resume,
                                         namelist, basis);
      }};
  return backend;
}

}  // namespace podscale
