#include "podscale/study/factor_file.hpp"

#include <cmath>
#include <filesystem>
#include <map>

#include "podscale/core/checksum.hpp"
#include "podscale/core/error.hpp"
#include "podscale/field/sample_file.hpp"

namespace podscale {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "podscale_factors";
constexpr const char* kRun = "podscale_factors_of_run";

/// What a step stands for, in whole minutes: a tool may count in other units, to other digits.
struct Meaning {
  long time = 0, begin = 0, end = 0, reference = 0, realization = 0;
  auto operator<=>(const Meaning&) const = default;
};

std::vector<Meaning> meanings(const SampleAxis& axis) {
  const TimeUnits units(axis.units, calendar_name(axis.calendar), "time");
  const auto minutes = [&](const Date& d) {
    return 1440 * day_number(axis.calendar, d.year, d.month, d.day) + std::lround(d.second / 60);
  };
  std::vector<Meaning> found;
  for (const Sample& s : axis.samples) {
    Meaning meaning{minutes(s.date), 0, 0, s.reference ? minutes(*s.reference) : 0, s.realization};
    if (s.interval) {
      const auto begin = units.date(s.interval->begin), end = units.date(s.interval->end);
      if (begin && end) meaning.begin = minutes(*begin), meaning.end = minutes(*end);
    }
    found.push_back(meaning);
  }
  return found;
}

}  // namespace

std::string factors_path(const std::string& product_path) {
  return fs::path(product_path).replace_extension(".factors.nc").string();
}

std::string cell_methods_of(const std::string& variable) {
  return "podscale_cell_methods_" + variable;
}

Attributes factor_tie(const std::string& product_path, const std::string& made_of) {
  Checksum sum;
  sum.add_bytes(made_of.data(), made_of.size());
  return {{kName, fs::path(factors_path(product_path)).filename().string()},
          {kRun, checksum_text(sum.value())}};
}

bool names_factors(const NetcdfFile& product) {
  return product.text("", kName).has_value();
}

NetcdfFile open_factors(const Communicator& comm, const NetcdfFile& product) {
  const auto name = product.text("", kName), run = product.text("", kRun);
  if (!name || !run)
    throw Error(ExitCode::data,
                fmt::format("{}: no covariance factors belong to it; expected a product written by "
                            "podscale-downscale with output.write_factors = .true.",
                            product.path()),
                true);
  // Both may have been renamed together; one that was cut out still names the file of its origin.
  const std::string own = factors_path(product.path()),
                    named = (fs::path(product.path()).parent_path() / *name).string();
  std::error_code status;
  const std::string path = comm.broadcast(fs::exists(own, status)     ? own
                                          : fs::exists(named, status) ? named
                                                                      : std::string());
  if (path.empty())
    throw Error(ExitCode::no_input,
                fmt::format("{}: its covariance factors are not beside it in {}; copy them with the product",
                            product.path(), own == named ? own : own + " or " + named),
                true);
  NetcdfFile factors = NetcdfFile::open(comm, path);
  if (const auto other = factors.text("", kRun); other != run)
    throw Error(
        ExitCode::data,
        fmt::format("{}: {} holds the factors of another run ({}, expected {}); give the factors that "
                    "were written with this product",
                    product.path(), path, other.value_or("none"), *run),
        true);
  return factors;
}

std::vector<std::size_t> factor_steps(const NetcdfFile& factors, const Mesh& mesh, ProductReader& product) {
  const SampleAxis own = read_samples(factors);
  const std::string whose = "its covariance factors in " + factors.path(),
                    cure =
                        "what other tools cut, averaged or regridded has no factors of its own: give the "
                        "product as podscale-downscale wrote it";
  return same_on_all_ranks([&] {
    if (!column_shift(product.mesh(), mesh))
      fail(ExitCode::data, "{}: its mesh is not that of {}: {}; {}", product.path(), whose,
           mesh_difference(product.mesh(), mesh).value_or("the columns differ"), cure);
    product.put_on(mesh, factors.path());
    const std::string methods = factors.text("", cell_methods_of(product.name())).value_or("");
    if (const auto found = product.file().text(product.name(), "cell_methods").value_or(""); found != methods)
      fail(ExitCode::data, "{}: {} has the cell_methods '{}', {} were made for '{}'; {}", product.path(),
           product.name(), found, whose, methods, cure);
    std::map<Meaning, std::size_t> step_of;
    for (const Meaning& meaning : meanings(own)) step_of.emplace(meaning, step_of.size());
    const std::vector<Meaning> wanted = meanings(product.times());
    std::vector<std::size_t> steps;
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      const Sample& sample = product.times()[t];
      const auto found = own.calendar == product.times().calendar ? step_of.find(wanted[t]) : step_of.end();
      if (found == step_of.end())
        fail(ExitCode::data, "{}: its time {} (step {}{}) is none of the {} of {}, {} to {}; {}",
             product.path(), date_text(sample.date), t + 1,
             !own.has_intervals() ? ""
             : sample.interval    ? ", or its bounds"
                                  : ", which lost its bounds",
             own.size(), whose, date_text(own[0].date), date_text(own.samples.back().date), cure);
      steps.push_back(found->second);
    }
    return steps;
  });
}

}  // namespace podscale
