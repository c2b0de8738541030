#pragma once
// Settings of the whole process.

#include <string>

namespace podscale {

/// Not collective. The value for OMPI_MCA_io under the MPI library that gives this
/// MPI_Get_library_version; "" where nothing is to be set. Open MPI 4's own MPI-IO returned wrong
/// data from overlapping collective reads (open-mpi/ompi issue 10546) and has reports of bad
/// writes; its ROMIO has neither and is faster. The component's name belongs to version 4:
/// elsewhere it would name nothing.
std::string mpi_io_component(const std::string& library_version);
/// Not collective, before MPI_Init. Sets OMPI_MCA_io so, unless it is set already.
void choose_mpi_io();

/// Not collective. Threads of OpenBLAS; another BLAS has no such switch and is left alone. Ranks
/// are our parallelism: more threads than cores halve the speed.
void set_blas_threads(int threads);
/// Not collective. OpenBLAS asks for its buffer at its first call, for ever where it gets none:
/// this calls it, and throws std::bad_alloc where there is no room.
void reserve_blas_memory();

/// Not collective. Memory that is freed goes back to the system, large blocks at once.
/// SuperLU_DIST, which comes with PETSc, forbids that of the whole process while it is loaded.
void return_freed_memory();

/// Not collective. The letter of the system for the state of a process of this node (proc(5)): R
/// runs, S sleeps, D waits for a disk, T is stopped, Z has ended and was not asked for yet; 0
/// where the system does not say or there is no such process.
char process_state(int process);
/// Not collective. Whether a process of this node has ended; one that nobody has asked for has.
bool process_has_ended(int process);

}  // namespace podscale
