#pragma once
// Wraps PETSc and SLEPc calls: a status becomes an Error.

#include <petscsys.h>

#include "podscale/core/error.hpp"

namespace podscale {

inline void petsc_check(PetscErrorCode status, const char* call) {
  if (status == 0) return;
  const char* text = nullptr;
  PetscErrorMessage(status, &text, nullptr);
  if (status == PETSC_ERR_MEM)
    fail(ExitCode::io, "out of memory in {}: use more ranks or smaller patches", call);
  fail(ExitCode::bug, "{} failed with PETSc error {} ({})", call, static_cast<int>(status),
       text ? text : "unknown");
}

}  // namespace podscale

#define PODSCALE_PETSC(call) ::podscale::petsc_check((call), #call)
