#include "podscale/core/process.hpp"

#include <ATen/Parallel.h>
#include <malloc.h>
#include <mpi.h>
#include <sched.h>
#include <torch/version.h>

#include <algorithm>
#include <cstddef>

#include "podscale/network/vit.hpp"

namespace podscale {
namespace {

/// Cores that the ranks of this node may use together, over their number: right whether the launcher binds
/// ranks to cores, to sockets, or not at all. Collective over the program (the threads of a process are no
/// business of a communicator).
int cores_per_rank() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  int up = 0, ranks = 1;
  MPI_Initialized(&up);
  if (up) {
    MPI_Comm node = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
  }
  return std::max(1, CPU_COUNT(&cores) / ranks);
}

}  // namespace

void tune_process(int threads) {
  // glibc returns large blocks to the system on free, and every forward pass would fault them in again.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 2000000000);
  mallopt(M_TOP_PAD, 256 << 20);
  if (threads == 0) threads = cores_per_rank();
  at::set_num_threads(threads);
  set_blas_threads(threads);  // Torch's own setting does not reach OpenBLAS
}

const NetworkBackend& network_backend() {
  static const NetworkBackend backend{
      "LibTorch " TORCH_VERSION, tune_process,
      [](const Communicator& comm, const std::string& path, const TokenLayout& layout,
         const std::string& basis_checksum, const std::string& device) -> std::unique_ptr<TokenNetwork> {
        return std::make_unique<Model>(Model::load(comm, path, layout, basis_checksum, device));
      },
      [](const Communicator& comm, const TokenLayout& layout, const ModelOptions& model,
         const TrainingOptions& training, const std::string& basis_checksum, const std::string& model_file,
         bool resume, const std::string& namelist) -> std::unique_ptr<NetworkTrainer> {
        return std::make_unique<Trainer>(comm, layout, model, training, basis_checksum, model_file, resume,
                                         namelist);
      }};
  return backend;
}

}  // namespace podscale
