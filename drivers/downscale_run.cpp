#include "downscale_run.hpp"

#include <algorithm>
#include <ctime>

#include "podscale/base/checksum.hpp"
#include "podscale/base/error.hpp"
#include "podscale/base/log.hpp"
#include "podscale/diffusion/downscaling.hpp"
#include "podscale/io/product_file.hpp"
#include "podscale/pod/anomaly.hpp"
#include "podscale/pod/token_series.hpp"
#include "study_options.hpp"

namespace podscale {
namespace {

TimeAxis subset(const TimeAxis& axis, std::span<const long> steps) {
  TimeAxis part{axis.calendar, axis.units, {}, {}};
  for (const long step : steps) {
    part.values.push_back(axis.values[static_cast<std::size_t>(step)]);
    part.dates.push_back(axis.dates[static_cast<std::size_t>(step)]);
  }
  return part;
}

ProductOptions product_options(const Context& context, const Basis& basis, const Model& model) {
  const Namelist& n = context.namelist;
  const std::time_t now = std::time(nullptr);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  ProductOptions options{n.text("output.variable_name"),
                         n.text("output.standard_name"),
                         n.text("output.long_name"),
                         n.text("output.units"),
                         0,
                         static_cast<int>(n.integer("output.deflate")),
                         basis.decomposition.chunk_shape(),
                         {}};
  if (n.logical("output.write_members")) options.members = static_cast<int>(n.integer("sampling.members"));
  options.attributes = {
      {"title", n.text("output.title")},
      {"institution", n.text("output.institution")},
      {"source", "podscale " + version() + ", Patch-PODiff-ViT (arXiv 2606.31290)"},
      {"history", context.comm.broadcast(std::string(stamp)) + " podscale-downscale " + n.source()},
      {"references", "arXiv 2606.31290, arXiv 2605.03399"},
      {"podscale_ensemble_size", std::to_string(n.integer("sampling.members"))},
      {"podscale_basis_checksum", checksum_text(basis.checksum(context.comm))},
      {"podscale_model_checksum", model.checksum()},
      {"podscale_namelist", n.effective()}};
  return options;
}

}  // namespace

void downscale(const Context& context, const Basis& basis, const Model& model, const LowResolution& lr,
               std::span<const long> steps) {
  const Communicator& comm = context.comm;
  const EnsemblePlan plan = ensemble_plan(context.namelist);
  const SamplerOptions sampler = sampler_options(context.namelist);
  const ProductOptions options = product_options(context, basis, model);
  const TimeAxis axis = subset(lr.times(), steps);
  const InterpolatedSeries condition(lr, basis, comm);
  const EnsembleDecoder decoder(basis, plan);
  const SampleFunction sample = [&](std::span<const float> given, float phase, std::uint32_t key, int first,
                                    int count, std::span<float> out) {
    model.sample(sampler, given, phase, key, first, count, out);
  };
  ProductFile product(comm, context.output_path_of("output.product_file"), basis.grid, basis.window, axis,
                      options);

  const std::size_t n = static_cast<std::size_t>(basis.window.points());
  const std::size_t block = static_cast<std::size_t>(context.namelist.integer("sampling.time_block"));
  const std::size_t written = static_cast<std::size_t>(options.members);
  Progress progress("downscaling", static_cast<long>(steps.size()), "times");
  for (std::size_t first = 0; first < steps.size(); first += block) {
    const std::size_t count = std::min(block, steps.size() - first);
    if (comm.max(stop_requested() ? 1 : 0) != 0)
      throw Error(ExitCode::requeue,
                  "stopped by a signal or the time limit; no product was written: run again", true);
    const auto part = steps.subspan(first, count);
    std::vector<float> phase;
    std::vector<std::uint32_t> key;
    for (std::size_t t = first; t < first + count; ++t) {
      phase.push_back(static_cast<float>(year_fraction(axis.calendar, axis.dates[t])));
      key.push_back(axis.hour_key(t));
    }
    const auto given = encode_condition(basis, condition, part);
    const auto tokens = sample_ensemble(comm, basis, plan, sample, given, phase, key);

    std::vector<double> mean(n * count), variance(n * count), members(n * count * written), climatology(n);
    const std::size_t width = tokens.size() / count;
    for (std::size_t t = 0; t < count; ++t) {
      const auto of_time = std::span(tokens).subspan(t * width, width);
      basis.hr_climatology.evaluate(static_cast<double>(year_fraction(axis.calendar, axis.dates[first + t])),
                                    climatology);
      decoder.moments(of_time, climatology, std::span(mean).subspan(t * n, n),
                      std::span(variance).subspan(t * n, n));
      for (std::size_t m = 0; m < written; ++m)
        decoder.member(of_time, static_cast<int>(m), climatology,
                       std::span(members).subspan((m * count + t) * n, n));
    }
    product.write(first, count, mean, variance, members);
    progress.update(static_cast<long>(first + count));
  }
  product.commit();
  progress.finish();
}

}  // namespace podscale
