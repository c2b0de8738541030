// Any NetCDF header as an input series: it is read, or refused by one line of Error; and what is
// read has a sense. The input is text, so that a corpus can be read and written by hand; lines
// that say nothing are passed over:
//   dim NAME SIZE                   0 = unlimited
//   var NAME TYPE DIM ...           TYPE: byte short int float double char
//   text VAR NAME WORDS             an attribute; VAR "." = of the file
//   number VAR NAME TYPE VALUE ...  the same
//   data VAR FIRST STEP             values of an arithmetic series
//   open VAR                        the variable that the namelist names; none: what the file offers
// With PODSCALE_FUZZ_PRINT in the environment, why an input is refused is printed.
#include <mpi.h>
#include <netcdf.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "podscale/core/error.hpp"
#include "podscale/core/log.hpp"
#include "podscale/field/cf_source.hpp"

using namespace podscale;

namespace {

constexpr std::size_t kLargest = 24;  // of a dimension

nc_type type_of(const std::string& word) {
  static const std::map<std::string, nc_type> types{{"byte", NC_BYTE},   {"short", NC_SHORT},   {"int", NC_INT},
                                                    {"float", NC_FLOAT}, {"double", NC_DOUBLE}, {"char", NC_CHAR}};
  const auto found = types.find(word);
  return found == types.end() ? NC_NAT : found->second;
}

std::vector<double> numbers(std::istringstream& line) {
  std::vector<double> values;
  for (std::string word; values.size() < kLargest && line >> word;)
    values.push_back(std::strtod(word.c_str(), nullptr));
  return values;
}

/// What NetCDF-C refuses is passed over: it is no input then. Returns the variable to open.
std::string write(const std::string& text, const std::string& path) {
  int id;
  if (nc_create(path.c_str(), NC_CLOBBER | NC_64BIT_OFFSET, &id) != NC_NOERR) std::abort();
  struct Data {
    int variable;
    double first, step;
  };
  std::vector<Data> data;
  std::string chosen;
  const auto variable = [&](const std::string& name) {
    int v = NC_GLOBAL;
    return name == "." || nc_inq_varid(id, name.c_str(), &v) == NC_NOERR ? v : -2;
  };
  std::istringstream lines(text);
  for (std::string row; std::getline(lines, row);) {
    std::istringstream line(row);
    std::string what, name, type, attribute;
    line >> what >> name;
    int ignored;
    if (what == "dim") {
      std::size_t size = 0;
      line >> size;
      nc_def_dim(id, name.c_str(), std::min(size, kLargest), &ignored);
    } else if (what == "var") {
      line >> type;
      std::vector<int> dims;
      for (std::string dim; dims.size() < 4 && line >> dim;) {
        int d;
        if (nc_inq_dimid(id, dim.c_str(), &d) == NC_NOERR) dims.push_back(d);
      }
      if (type_of(type) != NC_NAT)
        nc_def_var(id, name.c_str(), type_of(type), static_cast<int>(dims.size()), dims.data(), &ignored);
    } else if (what == "text") {
      std::string words;
      line >> attribute >> std::ws;
      std::getline(line, words);
      if (const int v = variable(name); v > -2)
        nc_put_att_text(id, v, attribute.c_str(), words.size(), words.data());
    } else if (what == "number") {
      line >> attribute >> type;
      const std::vector<double> values = numbers(line);
      if (const int v = variable(name); v > -2 && type_of(type) != NC_NAT && type_of(type) != NC_CHAR)
        nc_put_att_double(id, v, attribute.c_str(), type_of(type), values.size(), values.data());
    } else if (what == "data") {
      std::vector<double> values = numbers(line);
      values.resize(2);
      if (const int v = variable(name); v >= 0) data.push_back({v, values[0], values[1]});
    } else if (what == "open") {
      chosen = name;
    }
  }
  if (nc_enddef(id) == NC_NOERR) {
    for (const Data& d : data) {
      int rank = 0, dims[NC_MAX_VAR_DIMS], unlimited = -1;
      nc_inq_varndims(id, d.variable, &rank);
      nc_inq_vardimid(id, d.variable, dims);
      nc_inq_unlimdim(id, &unlimited);
      std::vector<std::size_t> start(rank, 0), count(rank);
      std::size_t total = 1;
      for (int i = 0; i < rank; ++i) {
        nc_inq_dimlen(id, dims[i], &count[i]);
        if (dims[i] == unlimited && count[i] == 0) count[i] = 3;
        total *= count[i];
      }
      std::vector<double> values(total);
      for (std::size_t i = 0; i < total; ++i) values[i] = d.first + d.step * static_cast<double>(i);
      nc_put_vara_double(id, d.variable, start.data(), count.data(), values.data());
    }
  }
  nc_close(id);
  return chosen;
}

void require(bool sense) {
  if (!sense) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  MPI_Init(argc, argv);
  std::atexit([] { MPI_Finalize(); });
  log::setup(1, true);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  const std::string path = fmt::format("{}/podscale_fuzz_{}.nc", folder, getpid());
  static const Communicator comm = Communicator::self();
  const std::string variable = write(std::string(reinterpret_cast<const char*>(data), size), path);
  try {
    CfSpec spec;
    spec.label = "HR";
    spec.files = {path};
    spec.variable = variable;
    const CfSource source = CfSource::open(comm, spec);
    const SampleAxis& times = source.times();
    require(times.size() > 0 && source.mesh().points() > 0);
    for (std::size_t t = 1; t < times.size(); ++t) require(times[t].time > times[t - 1].time);
    for (idx_t p = 0; p < source.mesh().points(); ++p) require(!std::isinf(source.mesh().position(p).y));
    std::vector<long> steps(times.size());
    std::iota(steps.begin(), steps.end(), 0);
    const Window window{0, source.mesh().ny(), 0, source.mesh().nx()};
    std::vector<float> out(source.channels() * window.points() * steps.size());
    require(!out.empty());
    source.read(window, steps, out);
    require(source.land_mask(window).size() == static_cast<std::size_t>(window.points()));
    require(!source.describe().empty());
  } catch (const Error& error) {
    require(error.code() == ExitCode::data || error.code() == ExitCode::no_input ||
            error.code() == ExitCode::usage);
    require(std::string(error.what()).find('\n') == std::string::npos);
    if (std::getenv("PODSCALE_FUZZ_PRINT")) std::puts(error.what());
  }
  std::filesystem::remove(path);
  return 0;
}
