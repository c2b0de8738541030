#include "podscale/field/low_resolution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "podscale/core/error.hpp"

namespace podscale {

SeriesSpec hr_spec(const Namelist& namelist) {
  SeriesSpec spec{"HR",
                  namelist.required_texts("data.hr_files"),
                  namelist.text("data.hr_variable"),
                  namelist.text("data.mask_file"),
                  namelist.text("data.mask_variable"),
                  {}};
  for (const long value : namelist.integers("data.mask_ocean_values"))
    spec.mask_ocean_values.push_back(static_cast<double>(value));
  return spec;
}

SeriesSpec truth_spec(const Namelist& namelist) {
  SeriesSpec spec = hr_spec(namelist);
  spec.label = "truth";
  if (!namelist.texts("data.truth_files").empty()) spec.files = namelist.texts("data.truth_files");
  if (!namelist.text("data.truth_variable").empty()) spec.variable = namelist.text("data.truth_variable");
  return spec;
}

LowResolution LowResolution::open(const Communicator& comm, const Namelist& namelist) {
  if (namelist.text("data.lr_source") == "coarsen")
    return coarsen(comm, Series::open(comm, hr_spec(namelist)),
                   static_cast<int>(namelist.integer("data.coarsen_factor")));
  const SeriesSpec spec{
      "LR", namelist.required_texts("data.lr_files"), namelist.text("data.lr_variable"), {}, {}, {}};
  return {comm, Series::open(comm, spec), 1};
}

LowResolution LowResolution::coarsen(const Communicator& comm, Series fine, int factor) {
  same_on_all_ranks([&] {
    const Grid& grid = fine.grid();
    if (factor > grid.ny() || factor > grid.nx())
      fail(ExitCode::data, "data.coarsen_factor = {}: {} has only {} x {} points; expected a smaller factor",
           factor, fine.describe(), grid.ny(), grid.nx());
    if (grid.periodic && grid.nx() % factor != 0)
      fail(ExitCode::data,
           "data.coarsen_factor = {}: does not divide the {} longitudes of the periodic grid of {}; choose "
           "one that does",
           factor, grid.nx(), fine.describe());
  });
  return {comm, std::move(fine), factor};
}

LowResolution::LowResolution(const Communicator& comm, Series series, int factor)
    : comm_(&comm), series_(std::make_unique<Series>(std::move(series))), factor_(factor) {
  grid_ = factor == 1 ? series_->grid() : coarsen_grid(series_->grid(), factor);
}

std::string LowResolution::describe() const {
  return factor_ == 1 ? series_->describe()
                      : fmt::format("{} x {} block means of {}", factor_, factor_, series_->describe());
}

void LowResolution::read(const Window& window, std::span<const long> steps, std::span<float> out) const {
  if (factor_ == 1) return series_->read(window, steps, out);
  const Grid& fine_grid = series_->grid();
  Window fine{window.y0 * factor_, window.ny * factor_, window.x0 * factor_, window.nx * factor_};
  fine.ny = std::min(fine.ny, fine_grid.ny() - fine.y0);
  if (!fine_grid.periodic) fine.nx = std::min(fine.nx, fine_grid.nx() - fine.x0);
  if (window.points() == 0) fine = {};
  std::vector<float> values(static_cast<std::size_t>(fine.points()) * steps.size());
  series_->read(fine, steps, values);
  if (!series_->spec().mask_variable.empty()) {
    const bool same =
        masked_.y0 == fine.y0 && masked_.x0 == fine.x0 && masked_.ny == fine.ny && masked_.nx == fine.nx;
    if (comm_->max(same && !fine_ocean_.empty() ? 0 : 1) != 0) {
      fine_ocean_ = ocean_mask(*series_, fine, {});  // no step: the variable alone
      masked_ = fine;
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!fine_ocean_[i % fine_ocean_.size()]) values[i] = std::numeric_limits<float>::quiet_NaN();
  }
  block_mean(values, static_cast<long>(steps.size()), fine.ny, fine.nx, factor_, out);
}

std::vector<unsigned char> LowResolution::ocean(std::span<const long> steps) const {
  const Share rows = share_of(grid_.ny(), comm_->size(), comm_->rank());
  const Window window{rows.begin, rows.size(), 0, rows.size() > 0 ? grid_.nx() : 0};
  std::vector<unsigned char> mask(static_cast<std::size_t>(grid_.points()), 0);
  auto mine = std::span(mask).subspan(static_cast<std::size_t>(rows.begin * grid_.nx()),
                                      static_cast<std::size_t>(window.points()));
  std::fill(mine.begin(), mine.end(), 1);
  constexpr std::size_t block = 64;
  std::vector<float> values;
  for (std::size_t first = 0; first < steps.size(); first += block) {
    const auto part = steps.subspan(first, std::min(block, steps.size() - first));
    values.resize(static_cast<std::size_t>(window.points()) * part.size());
    read(window, part, values);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isnan(values[i])) mine[i % mine.size()] = 0;
  }
  comm_->sum(std::span(mask));
  return mask;
}

void block_mean(std::span<const float> fine, long steps, long fine_ny, long fine_nx, int factor,
                std::span<float> coarse) {
  const long ny = (fine_ny + factor - 1) / factor, nx = (fine_nx + factor - 1) / factor;
  PODSCALE_ASSERT(static_cast<long>(fine.size()) == steps * fine_ny * fine_nx &&
                      static_cast<long>(coarse.size()) == steps * ny * nx,
                  "sizes {} and {}", fine.size(), coarse.size());
  for (long t = 0; t < steps; ++t)
    for (long j = 0; j < ny; ++j)
      for (long i = 0; i < nx; ++i) {
        double sum = 0;
        long count = 0;
        for (long y = j * factor; y < std::min(fine_ny, (j + 1) * factor); ++y)
          for (long x = i * factor; x < std::min(fine_nx, (i + 1) * factor); ++x) {
            const float value = fine[static_cast<std::size_t>((t * fine_ny + y) * fine_nx + x)];
            if (!std::isnan(value)) sum += value, ++count;
          }
        coarse[static_cast<std::size_t>((t * ny + j) * nx + i)] =
            count > 0 ? static_cast<float>(sum / static_cast<double>(count))
                      : std::numeric_limits<float>::quiet_NaN();
      }
}

}  // namespace podscale
