/* What each rank spends in its own work: processor seconds outside of MPI calls, where a waiting rank
 * polls, and peak memory. Preloaded by scaling.sh; prints one line a rank at MPI_Finalize, to the file
 * RANK_CLOCK with the rank behind its name. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double inside = 0;
static int depth = 0; /* MPI calls within MPI calls count once */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define TIMED(call)                     \
  do {                                  \
    const double begin = now();         \
    ++depth;                            \
    const int status = call;            \
    if (--depth == 0) inside += now() - begin; \
    return status;                      \
  } while (0)

int MPI_Allreduce(const void* in, void* out, int n, MPI_Datatype t, MPI_Op op, MPI_Comm c) {
  TIMED(PMPI_Allreduce(in, out, n, t, op, c));
}
int MPI_Reduce(const void* in, void* out, int n, MPI_Datatype t, MPI_Op op, int root, MPI_Comm c) {
  TIMED(PMPI_Reduce(in, out, n, t, op, root, c));
}
int MPI_Bcast(void* data, int n, MPI_Datatype t, int root, MPI_Comm c) { TIMED(PMPI_Bcast(data, n, t, root, c)); }
int MPI_Barrier(MPI_Comm c) { TIMED(PMPI_Barrier(c)); }
int MPI_Alltoallv(const void* in, const int* n, const int* at, MPI_Datatype t, void* out, const int* m, const int* to,
                  MPI_Datatype u, MPI_Comm c) {
  TIMED(PMPI_Alltoallv(in, n, at, t, out, m, to, u, c));
}
int MPI_Alltoall(const void* in, int n, MPI_Datatype t, void* out, int m, MPI_Datatype u, MPI_Comm c) {
  TIMED(PMPI_Alltoall(in, n, t, out, m, u, c));
}
int MPI_Allgather(const void* in, int n, MPI_Datatype t, void* out, int m, MPI_Datatype u, MPI_Comm c) {
  TIMED(PMPI_Allgather(in, n, t, out, m, u, c));
}
int MPI_Allgatherv(const void* in, int n, MPI_Datatype t, void* out, const int* m, const int* at, MPI_Datatype u,
                   MPI_Comm c) {
  TIMED(PMPI_Allgatherv(in, n, t, out, m, at, u, c));
}
int MPI_Gather(const void* in, int n, MPI_Datatype t, void* out, int m, MPI_Datatype u, int root, MPI_Comm c) {
  TIMED(PMPI_Gather(in, n, t, out, m, u, root, c));
}
int MPI_Gatherv(const void* in, int n, MPI_Datatype t, void* out, const int* m, const int* at, MPI_Datatype u, int root,
                MPI_Comm c) {
  TIMED(PMPI_Gatherv(in, n, t, out, m, at, u, root, c));
}
int MPI_Scatterv(const void* in, const int* n, const int* at, MPI_Datatype t, void* out, int m, MPI_Datatype u, int root,
                 MPI_Comm c) {
  TIMED(PMPI_Scatterv(in, n, at, t, out, m, u, root, c));
}
int MPI_Recv(void* out, int n, MPI_Datatype t, int from, int tag, MPI_Comm c, MPI_Status* s) {
  TIMED(PMPI_Recv(out, n, t, from, tag, c, s));
}
int MPI_Wait(MPI_Request* r, MPI_Status* s) { TIMED(PMPI_Wait(r, s)); }
int MPI_Waitall(int n, MPI_Request* r, MPI_Status* s) { TIMED(PMPI_Waitall(n, r, s)); }
int MPI_Waitany(int n, MPI_Request* r, int* i, MPI_Status* s) { TIMED(PMPI_Waitany(n, r, i, s)); }
int MPI_Comm_dup(MPI_Comm c, MPI_Comm* d) { TIMED(PMPI_Comm_dup(c, d)); }
int MPI_Comm_split(MPI_Comm c, int colour, int key, MPI_Comm* d) { TIMED(PMPI_Comm_split(c, colour, key, d)); }

int MPI_Finalize(void) {
  struct rusage usage;
  int rank = 0;
  const char* name = getenv("RANK_CLOCK");
  char path[4096];
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  getrusage(RUSAGE_SELF, &usage);
  snprintf(path, sizeof path, "%s.%d", name ? name : "rank_clock", rank);
  FILE* file = fopen(path, "w");
  if (file) {
    fprintf(file, "%.3f %.3f %.1f\n", now() - inside, inside, (double)usage.ru_maxrss / 1024);
    fclose(file);
  }
  return PMPI_Finalize();
}
