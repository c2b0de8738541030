#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"
#include "podscale/study/options.hpp"

namespace podscale {

OceanOptions::OceanOptions(const Namelist& n)
    : first_date(n.text("ocean.first_date")),
      last_date(n.text("ocean.last_date")),
      calendar(n.text("ocean.calendar")),
      step_days(n.integer("ocean.step_days")),
      hr_file(file_path(n, "ocean.hr_file")),
      lr_file(file_path(n, "ocean.lr_file")),
      effective(n.effective({"ocean"})) {
  const auto count = [&](const char* key) {
    return static_cast<int>(n.integer(std::string("ocean.") + key));
  };
  const auto real = [&](const char* key) { return n.real(std::string("ocean.") + key); };
  spec.ny = count("ny");
  spec.nx = count("nx");
  spec.lat0 = real("lat0");
  spec.lon0 = real("lon0");
  spec.resolution = real("resolution");
  spec.seed = static_cast<std::uint64_t>(n.integer("ocean.seed"));
  spec.factor = count("factor");
  spec.land_fraction = real("land_fraction");
  spec.islands = count("islands");
  spec.mean = real("mean");
  spec.gradient = real("gradient");
  spec.seasonal = real("seasonal");
  spec.trend = real("trend");
  spec.current = real("current");
  spec.eddies = real("eddies");
  spec.eddy_amplitude = real("eddy_amplitude");
  spec.eddy_radius = real("eddy_radius");
  spec.eddy_days = real("eddy_days");
  spec.turbulence = real("turbulence");
  spec.turbulence_scale = real("turbulence_scale");
  spec.turbulence_days = real("turbulence_days");
  spec.turbulence_modes = count("turbulence_modes");
  spec.lr_bias = real("lr_bias");
  spec.lr_noise = real("lr_noise");
  spec.deflate = count("deflate");
  spec.mesh = n.text("ocean.mesh");
  spec.variable = n.text("ocean.variable");
  spec.second = n.text("ocean.second");
  forecasts = {.path = file_path(n, "ocean.forecast_file").value,
               .from = n.text("ocean.forecast_from"),
               .every = n.integer("ocean.forecast_every"),
               .length = n.integer("ocean.forecast_days"),
               .members = count("forecast_members"),
               .error = real("forecast_error"),
               .growth = real("forecast_growth"),
               .seed = spec.seed,
               .deflate = spec.deflate};
}

namespace {

SampleAxis ocean_times(const OceanOptions& options) {
  const std::string &first = options.first_date, &last = options.last_date;
  const Calendar calendar = calendar_from_name(options.calendar);
  const Date begin = parse_date(first, calendar, "&ocean first_date"),
             end = parse_date(last, calendar, "&ocean last_date");
  const long days = day_number(calendar, end.year, end.month, end.day) -
                    day_number(calendar, begin.year, begin.month, begin.day);
  if (days < 0)
    fail(ExitCode::usage, "&ocean last_date: found '{}', expected a day not before first_date '{}'", last,
         first);
  std::vector<double> values;
  for (long day = 0; day <= days; day += options.step_days) values.push_back(static_cast<double>(day));
  const std::string units =
      fmt::format("days since {:04}-{:02}-{:02} 00:00:00", begin.year, begin.month, begin.day);
  return decode_times(values, units, calendar_name(calendar), "&ocean");
}

}  // namespace

OceanSpec ocean_spec(const OceanOptions& options) {
  OceanSpec spec = options.spec;
  spec.times = ocean_times(options);
  if (spec.second == spec.variable)
    fail(ExitCode::usage, "&ocean second = '{}': is the name of the first variable; expected another",
         spec.second);
  const double north = spec.lat0 + static_cast<double>(spec.ny) * spec.resolution;
  const double width = static_cast<double>(spec.nx) * spec.resolution;
  if (north > 90 + 1e-9 || width > 360 + 1e-9)
    fail(ExitCode::usage,
         "&ocean: {} x {} points at {} degrees from {} N reach {} N and span {} degrees of longitude; "
         "expected at most 90 N and 360 degrees",
         spec.ny, spec.nx, spec.resolution, spec.lat0, north, width);
  if (spec.factor > spec.ny || spec.factor > spec.nx)
    fail(ExitCode::usage, "&ocean factor: found {}, expected at most ny = {} and nx = {}", spec.factor,
         spec.ny, spec.nx);
  if (spec.mesh == "plane") ocean_mesh(spec);  // which refuses what doesn't fit
  return spec;
}

}  // namespace podscale
