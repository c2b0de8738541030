// A program over the frame whose body fails in the way that its first argument names, with a file
// being written in the folder of the second. frame_errors.sh says how each must end.
#include <map>
#include <new>

#include "podscale/core/error.hpp"
#include "podscale/file/netcdf_file.hpp"
#include "program.hpp"

using namespace podscale;

namespace {

struct Scene {
  const Communicator& comm;
  NetcdfFile file;
  bool last = comm.rank() == comm.size() - 1;

  void write(std::size_t step) {
    const std::vector<float> values(1000, static_cast<float>(step));
    const std::size_t row = comm.rank();
    file.put("x", {step, row, 0}, {1, 1, values.size()}, std::span(values));
  }
};

NetcdfFile new_file(const Communicator& comm, const std::string& path) {
  NetcdfFile file = NetcdfFile::create(comm, path);
  file.define_dimension("time", 100, true);
  file.define_dimension("y", comm.size());
  file.define_dimension("x", 1000);
  file.define_variable("x", NC_FLOAT, {"time", "y", "x"}, {{1, 1, 1000}, 1, {}});
  file.end_definitions();
  return file;
}

/// What a survey of a file without a named variable does: an agreed error is thrown, and of no
/// interest.
void swallow_an_agreed_error(const Communicator& comm) {
  try {
    comm.agree([&] { fail(ExitCode::data, "swallowed"); });
  } catch (const Error&) {
  }
}

const std::map<std::string, void (*)(Scene&)> cases = {
    {"memory_on_one",
     [](Scene& s) {
       swallow_an_agreed_error(s.comm);
       if (s.last) throw std::bad_alloc();
       for (std::size_t step = 1; step < 100; ++step) s.write(step);
     }},
    {"memory_on_all", [](Scene&) { throw std::bad_alloc(); }},
    {"memory_of_torch",
     [](Scene& s) {
       s.comm.agree([&] {
         if (s.last)
           throw std::runtime_error(
               "[enforce fail at alloc_cpu.cpp:66] DefaultCPUAllocator: can't allocate "
               "memory: you tried to allocate 64 bytes\nframe #0: c10::Error");
       });
     }},
    {"bug", [](Scene& s) { s.comm.agree([] { throw std::runtime_error("odd\nframe #0: somewhere"); }); }},
    {"agreed",
     [](Scene& s) {
       s.comm.agree([&] {
         if (s.last) fail(ExitCode::data, "found nothing");
       });
     }},
    {"stopped", [](Scene&) { throw Error(ExitCode::requeue, "stopped by a signal", true); }},
    {"not_agreed", [](Scene&) { fail(ExitCode::usage, "the same everywhere"); }},
    {"each_its_own",
     [](Scene& s) {
       fail(s.comm.is_root() ? ExitCode::usage : ExitCode::data, "of rank {}", s.comm.rank());
     }},
    {"on_one",
     [](Scene& s) {
       if (s.last) fail(ExitCode::data, "found nothing");
       s.comm.barrier();
     }},
    {"agreed_by_mistake",
     [](Scene& s) {
       if (s.last) throw Error(ExitCode::data, "not agreed at all", true);
       s.comm.barrier();
     }},
    {"forgotten", [](Scene&) {}}};

}  // namespace

int main(int argc, char** argv) {
  ProgramInfo info;
  info.name = "frame-errors";
  info.takes_files = true;
  return run_program(argc, argv, info, [](Context& context) {
    const auto body = cases.at(context.files.at(0));
    Scene scene{context.comm, new_file(context.comm, context.files.at(1) + "/a.nc")};
    scene.write(0);
    body(scene);
    return 0;
  });
}
