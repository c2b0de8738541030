// podscale-init: looks at an HR and an LR series, and writes a namelist that runs as it stands.
#include <CLI/CLI.hpp>

#include "podscale/study/runs.hpp"
#include "program.hpp"

using namespace podscale;

int main(int argc, char** argv) {
  InitRequest wanted;
  ProgramInfo info;
  info.name = "podscale-init";
  info.summary =
      "Writes a namelist for HR files and LR files: each a path or a quoted glob, several with commas between";
  info.example =
      "  podscale-init 'hr/*.nc' 'lr/*.nc' -o my.nml\n"
      "  podscale-init 'hr/2001.nc,hr/2002.nc' --hr-variable sst --coarsen 8 -o my.nml";
  info.takes_files = true;
  info.options = [&](CLI::App& app) {
    app.add_option("-o,--output", wanted.output, "The namelist to write; default: it is printed");
    app.add_option("--hr-variable", wanted.hr_variable, "HR variable; several with commas between")
        ->delimiter(',');
    app.add_option("--lr-variable", wanted.lr_variable, "LR variable for each of them")->delimiter(',');
    app.add_option("--coarsen", wanted.coarsen,
                   "No LR files: block means of the HR files over so many points")
        ->check(CLI::Range(2, 4096));
    app.add_option("--directory", wanted.directory,
                   "Folder of the outputs; default: runs/<name of the namelist>");
  };
  return run_program(argc, argv, info, [&](Context& context) { return run_init(context, wanted); });
}
