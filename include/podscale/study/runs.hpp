#pragma once
// The work of each program, as a function to call: a program adds the command line to it.

#include <string>
#include <vector>

#include "podscale/network/model.hpp"
#include "podscale/study/context.hpp"
#include "podscale/study/cost_model.hpp"
#include "podscale/study/inspect_functionals.hpp"

namespace podscale {

// All are collective, read context.options and return the exit code 0, unless they say more. Under
// --check they open their inputs and write nothing. Errors: usage, no_input, data,
// io.

/// podscale-ocean: both files of the synthetic ocean.
int run_ocean(const Context& context);
/// podscale-basis: HR and LR training series in, output.basis_file out.
int run_basis(const Context& context);
/// podscale-train: basis and series in, output.model_file out. Exit code of requeue where a signal
/// or the time limit stopped the training after a checkpoint.
int run_train(const Context& context, const NetworkBackend& backend);
/// podscale-downscale: basis, model (unless the base is used alone) and LR series in,
/// output.product_file out.
int run_downscale(const Context& context, const NetworkBackend& backend);

/// Members of a product, numbered from 1.
struct MembersRequest {
  int first = 1, count = 24;
  std::string output;        ///< "": members.nc beside the product
  std::string basis, model;  ///< "": where the product says
};
/// podscale-members: the product context.files names in, members out, the same bits as
/// run_downscale would have written without output.rounding. No LR file is needed; the options
/// are those stored in the product.
int run_members(const Context& context, MembersRequest request, const NetworkBackend& backend);
/// What podscale-init is asked for. Its files are those of the context: HR, then LR.
struct InitRequest {
  std::vector<std::string> hr_variable, lr_variable;  ///< empty: the only one
  int coarsen = 0;        ///< LR = block means of HR over so many points; 0: from files
  std::string output;     ///< the namelist; "": printed
  std::string directory;  ///< output.directory; "": runs/<name of the namelist>
};
/// Collective on context.comm. podscale-init: a namelist for a study of two series, from what
/// they hold. A namelist that is there is not replaced.
int run_init(const Context& context, const InitRequest& request);
/// Collective on context.comm. podscale-inspect: prints what context.files hold, or the
/// functionals asked for. picture: file for the fields of a picture of the only one of them; "":
/// none.
int run_inspect(const Context& context, const FunctionalRequest& request, const std::string& picture = "");

/// What podscale-plan is asked for.
struct PlanRequest {
  int ranks = 64;          ///< the most that are looked at
  GivenRegion region;      ///< where the inputs are not there
  std::vector<long> tile;  ///< patches along its edge, halo; empty: the region is one tile
  std::string rates;       ///< file of --calibrate; "": built in
  int cores = 1;           ///< of a node
  double node_mib = 0;     ///< memory of a node
  int nodes = 0;           ///< 0: as many as give every rank a core
};
/// podscale-plan: time and memory of every program at 1 to request.ranks ranks, how many ranks the
/// study wants, and a warning where a node's memory is too small. Errors: those of study_size and
/// read_rates.
int run_plan(const Context& context, const PlanRequest& request);
/// Collective on context.comm. podscale-plan --calibrate: the rates of this machine, to `path`.
int run_calibration(const Context& context, const std::string& path);

}  // namespace podscale
