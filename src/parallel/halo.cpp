#include "podscale/parallel/halo.hpp"

#include <algorithm>

#include "podscale/core/error.hpp"
#include "podscale/core/petsc.hpp"
#include "podscale/core/pulse.hpp"

namespace podscale {

HaloExchange::HaloExchange(const Communicator& comm, const Decomposition& decomposition, bool periodic,
                           long margin)
    : window_(decomposition.window_of(comm.rank())) {
  const long ny = decomposition.ny(), nx = decomposition.nx();
  PODSCALE_ASSERT(margin >= 0 && margin <= nx, "a margin of {} of {} columns", margin, nx);
  if (window_.points() > 0) {
    const long y0 = std::max(0l, window_.y0 - margin), y1 = std::min(ny, window_.y0 + window_.ny + margin);
    long x0 = window_.x0 - margin, x1 = window_.x0 + window_.nx + margin;
    if (!periodic) x0 = std::max(0l, x0), x1 = std::min(nx, x1);
    extended_ = {y0, y1 - y0, x0, x1 - x0};
  }
  comm.agree([&] { mpi_count(extended_.points(), "points of a window with its margin"); });
  std::vector<PetscSFNode> owners;
  for (long y = extended_.y0; y < extended_.y0 + extended_.ny; ++y)
    for (long x = extended_.x0; x < extended_.x0 + extended_.nx; ++x) {
      if (y >= window_.y0 && y < window_.y0 + window_.ny && x >= window_.x0 && x < window_.x0 + window_.nx)
        continue;
      const long column = (x + nx) % nx;
      const int owner = decomposition.owner(decomposition.patch_at(y, column));
      const Window theirs = decomposition.window_of(owner);
      owners.push_back({owner, static_cast<PetscInt>((y - theirs.y0) * theirs.nx + column - theirs.x0)});
      margin_.push_back(static_cast<PetscInt>((y - extended_.y0) * extended_.nx + x - extended_.x0));
    }
  PODSCALE_PETSC(PetscSFCreate(comm.raw(), forest_.out()));
  PODSCALE_PETSC(PetscSFSetGraph(forest_.get(), static_cast<PetscInt>(window_.points()),
                                 static_cast<PetscInt>(owners.size()), nullptr, PETSC_COPY_VALUES,
                                 owners.data(), PETSC_COPY_VALUES));
  PODSCALE_PETSC(PetscSFSetUp(forest_.get()));

  // Of most windows only a few points travel: the exchange is among those.
  const PetscInt* degree = nullptr;
  PODSCALE_PETSC(PetscSFComputeDegreeBegin(forest_.get(), &degree));
  PODSCALE_PETSC(PetscSFComputeDegreeEnd(forest_.get(), &degree));
  std::vector<PetscInt> number(window_.points(), -1);
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (degree[i] == 0) continue;
    number[i] = static_cast<PetscInt>(asked_.size());
    asked_.push_back(static_cast<PetscInt>(i));
  }
  std::vector<PetscInt> theirs(owners.size(), -1);
  PODSCALE_PETSC(PetscSFBcastBegin(forest_.get(), MPIU_INT, number.data(), theirs.data(), MPI_REPLACE));
  PODSCALE_PETSC(PetscSFBcastEnd(forest_.get(), MPIU_INT, number.data(), theirs.data(), MPI_REPLACE));
  for (std::size_t i = 0; i < owners.size(); ++i) owners[i].index = theirs[i];
  PODSCALE_PETSC(PetscSFReset(forest_.get()));
  PODSCALE_PETSC(PetscSFSetGraph(forest_.get(), static_cast<PetscInt>(asked_.size()),
                                 static_cast<PetscInt>(owners.size()), nullptr, PETSC_COPY_VALUES,
                                 owners.data(), PETSC_COPY_VALUES));
  PODSCALE_PETSC(PetscSFSetUp(forest_.get()));
}

std::vector<double> HaloExchange::widen(std::span<const double> fields, long count) const {
  const std::size_t n = window_.points(), m = margin_.size(), wide = extended_.points(), fields_count = count;
  PODSCALE_ASSERT(fields.size() == n * fields_count, "{} values for {} fields of {}", fields.size(), count,
                  n);
  std::vector<double> out(wide * fields_count);
  if (count == 0) return out;
  // All fields of a point travel together.
  std::vector<double> by_point(asked_.size() * fields_count), strips(m * fields_count);
  for (std::size_t i = 0; i < asked_.size(); ++i)
    for (std::size_t f = 0; f < fields_count; ++f)
      by_point[i * fields_count + f] = fields[f * n + static_cast<std::size_t>(asked_[i])];
  MPI_Datatype unit = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(mpi_count(count, "fields"), MPI_DOUBLE, &unit);
  MPI_Type_commit(&unit);
  const pulse::Meeting meeting;
  PODSCALE_PETSC(PetscSFBcastBegin(forest_.get(), unit, by_point.data(), strips.data(), MPI_REPLACE));
  PODSCALE_PETSC(PetscSFBcastEnd(forest_.get(), unit, by_point.data(), strips.data(), MPI_REPLACE));
  MPI_Type_free(&unit);
  for (std::size_t f = 0; f < fields_count; ++f) {
    double* field = out.data() + f * wide;
    for (long y = 0; y < window_.ny; ++y)
      std::copy_n(fields.begin() + static_cast<long>(f * n) + y * window_.nx, window_.nx,
                  field + (y + window_.y0 - extended_.y0) * extended_.nx + window_.x0 - extended_.x0);
    for (std::size_t i = 0; i < m; ++i) field[margin_[i]] = strips[i * fields_count + f];
  }
  return out;
}

}  // namespace podscale
