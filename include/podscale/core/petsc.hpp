#pragma once
// Wraps PETSc and SLEPc calls: a status becomes an Error, or std::bad_alloc.

#include <petscsys.h>

#include <new>

#include "podscale/core/error.hpp"

namespace podscale {

inline void petsc_check(PetscErrorCode status, const char* call) {
  if (status == 0) return;
  if (status == PETSC_ERR_MEM) throw std::bad_alloc();
  const char* text = nullptr;
  PetscErrorMessage(status, &text, nullptr);
  fail(ExitCode::bug, "{} failed with PETSc error {} ({})", call, static_cast<int>(status),
       text ? text : "unknown");
}

}  // namespace podscale

#define PODSCALE_PETSC(call) ::podscale::petsc_check((call), #call)
