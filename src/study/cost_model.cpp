#include "podscale/study/cost_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "podscale/parallel/decomposition.hpp"
#include "podscale/parallel/row_strips.hpp"

namespace podscale {
namespace {

/// What a rank does in a program, in the units that rates divide. The numbers beside the terms of
/// the functions below say how often data are passed over; they were fitted once, doc/scaling.md.
struct Work {
  double start = 0, calls = 0;        // s; of what is done once a time, however small the region
  double dflop = 0, sflop = 0;        // GFLOP at the rate of the benchmark's products
  double bytes = 0;                   // GB copied
  double inflated = 0, deflated = 0;  // MB
  double moved = 0;                   // MB that leave the rank, of tokens and fields
  double halo = 0;                    // MB that leave it to neighbours and in sums
  double exchanges = 0;               // of all ranks with all
  double reductions = 0;              // collective calls of few values
  double largest_message = 0;         // MB
};

/// What the programs reach of the rates that machine_rates.cpp measures. Their products are small
/// and many, their fields do not fit into caches, and fields with land deflate faster than a
/// smooth one.
constexpr double kOfDgemm = 0.85, kOfSgemm = 0.5, kOfMemory = 0.15, kOfInflate = 0.43, kOfDeflate = 2.4,
                 kOfMessage = 0.25;

Cost cost_of(const Work& work, MachineRates rates, int ranks) {
  rates.dgemm *= kOfDgemm, rates.sgemm *= kOfSgemm, rates.memory *= kOfMemory;
  rates.inflate *= kOfInflate, rates.deflate *= kOfDeflate, rates.message *= kOfMessage;
  Cost cost;
  cost.start = work.start;
  cost.compute = work.calls + work.dflop / rates.dgemm + work.sflop / rates.sgemm + work.bytes / rates.memory;
  cost.io = work.inflated / rates.inflate + work.deflated / rates.deflate;
  // A message to every other rank, each half of what a reduction between two takes.
  cost.transposition = work.moved / rates.message + 0.5e-6 * rates.latency * work.exchanges * (ranks - 1);
  cost.halo =
      work.halo / rates.message + 1e-6 * rates.latency * work.reductions * std::log2(std::max(1, ranks));
  cost.largest_message = work.largest_message * 1e6 / (1 << 20);
  return cost;
}

/// Numbers of a study as floating point, and the share of a rank.
struct Scene {
  Scene(const StudySize& of, int of_ranks)
      : size(of), share(of, of_ranks), ranks(of_ranks), away(1 - 1.0 / of_ranks) {}
  const StudySize& size;
  RankShare share;
  double ranks, away;  // away: share of what all ranks exchange that leaves one
  double train = static_cast<double>(size.train),
         validate = static_cast<double>(size.choosing + size.held_out),
         downscale = static_cast<double>(size.downscale), k = static_cast<double>(size.modes),
         s = static_cast<double>(size.with_base ? size.predictors() : 0),
         c = static_cast<double>(size.condition()), r = static_cast<double>(size.global_modes()),
         d = size.patch_points(), n = share.points, p = share.patches, tokens = size.patches(),
         field = static_cast<double>(size.points() * size.channels),  // values of a whole one
      wide = size.overlap > 0 ? 1 : 0;

  /// Adds the reading of `times` fields of HR, `passes` times over: files once, then messages.
  void read(Work& work, double times, double passes) const {
    const double megabytes = 4e-6 * times * field;
    const double kept = std::min(1.0, size.cache_mib * ranks * 1.048576 / std::max(megabytes, 1e-9));
    work.inflated += megabytes / ranks * (1 + (1 - kept) * (passes - 1));
    if (!size.coarsened)
      work.inflated += 4e-6 * times * static_cast<double>(size.lr_cells * size.channels) / ranks;
    work.moved += passes * away * 4e-6 * times * n;
    work.bytes += passes * 1e-9 * times * n * (3 * 4 + 3 * 8);  // decoded, packed, unpacked; anomalies
    work.halo += passes * wide * times * 8e-6 * 2 * share.edge * static_cast<double>(size.overlap);
    work.calls += 14e-6 * passes * times;
    const double calls = passes * std::ceil(times / std::max(16.0, ranks));  // as read_anomalies() cuts them
    work.exchanges += calls;
    work.reductions += 3 * calls;
    work.largest_message =
        std::max(work.largest_message, away * 4e-6 * n * std::min(times, std::max(16.0, ranks)));
  }
  /// Adds coefficients and conditions of `times` fields that are there: interpolation, projection.
  void encode(Work& work, double times) const {
    work.bytes += 1e-9 * times * n * 200;                // 16 entries of a bicubic row
    work.dflop += 1e-9 * times * p * 2 * d * k * 2 * 8;  // small products have an eighth of the rate
    work.bytes += 1e-9 * times * p * (k + c) * 4 * 3;
  }
  /// Adds whitening: mean, spread, global latents.
  void whiten(Work& work, double times) const {
    work.dflop += 1e-9 * times * p * (2 * s * k + s * s + 4 * k * r);
    work.bytes += 1e-9 * times * p * (r * 20 + k * 60);  // exact sums of every patch
    work.reductions += times / 64 * 2;
    work.halo += away * 8e-6 * times * r;
  }
  /// Adds mean and variance of `times` fields.
  void decode(Work& work, double times) const {
    work.bytes += 1e-9 * times * n * (wide > 0 ? 160 : 60);
    work.halo += wide * times * 2 * 8e-6 * 2 * share.edge * static_cast<double>(size.overlap);
  }
  /// Work items of one rank, of so many samples with `groups` each. An item is whole.
  double items(double samples, double groups) const {
    return std::ceil(samples * groups * size.tiles() / ranks);
  }
  double forward() const { return 1e-9 * size.forward_flops(); }
  /// Seconds that the library takes for the operations of an evaluation, however small they are.
  double dispatch() const { return 4e-6 * (20 + 30 * size.model.depth); }
  /// Adds the network on a block of `times`: tokens out and back, evaluations.
  void network(Work& work, double times, double groups, double rows, double evaluations) const {
    const double block = std::min(times, static_cast<double>(size.sampling_block)),
                 blocks = std::ceil(times / block), halo = size.tile_tokens() * size.tiles() / (tokens + 1);
    work.sflop += blocks * items(block, groups) * rows * evaluations * forward();
    work.calls += blocks * items(block, groups) * evaluations * dispatch();
    const double message = 4e-6 * block * groups * p * (c * halo + rows * k) * away;
    work.moved += blocks * message;
    work.exchanges += 2 * blocks;
    work.largest_message = std::max(work.largest_message, message);
  }
};

Work basis_work(const Scene& at) {
  const StudySize& size = at.size;
  Work work;
  work.start = 0.3;
  at.read(work, at.train, 6);
  at.read(work, at.validate, 4);
  // Climatologies, Gram matrices, modes.
  work.bytes += 1e-9 * at.train * at.n * (2.0 * 8 * static_cast<double>(size.harmonic_terms) + 200);
  work.dflop += 1e-9 * at.p * (at.train * at.d * (at.d + 1) + 60 * at.d * at.d * at.d);
  at.encode(work, at.train + at.validate);
  if (size.with_base) {
    const double candidates = static_cast<double>(size.penalties * size.interpolations), s = at.s;
    work.dflop += 1e-9 * at.p *
                  ((at.train + at.validate) * (s * s + 4 * s * at.k) +
                   candidates * (s * s * s / 3 + 4 * s * s * at.k) + s * s * s) *
                  2;
    work.dflop += 1e-9 * at.train * at.p * (2 * s * at.k + s * s);
    if (at.train <= 400) {  // as residual_modes() chooses
      work.dflop += 1e-9 * at.p * at.train * at.train * at.k + 4e-9 * at.train * at.train * at.train;
      work.bytes += 1e-9 * at.p * at.train * at.train * 8;
    } else if (at.tokens * at.k <= 512) {
      const double all = at.tokens * at.k;  // by rank 0
      work.dflop += 1e-9 * (all * all * at.train + 10 * all * all * all);
    } else {
      const double products = 3 * at.r + 20;
      work.dflop += 1e-9 * products * 4 * at.train * at.p * at.k * 4;
      work.bytes += 1e-9 * products * at.p * at.train * 8;
      work.reductions += products * 6;
      work.halo += at.away * products * 8e-6 * (at.train + 2 * at.tokens * at.k);
    }
    at.whiten(work, 3 * at.train + at.validate);
    at.decode(work, 2 * at.validate);
  }
  work.bytes += 1e-9 * at.n * 8 * (at.k + 2.0 * static_cast<double>(size.harmonic_terms) + 20) * 6;
  return work;
}

Work train_work(const Scene& at) {
  const StudySize& size = at.size;
  const TrainingOptions& training = size.training;
  Work work;
  work.start = 0.7;
  at.read(work, at.train + at.validate, 2);
  at.encode(work, at.train + at.validate);
  at.whiten(work, at.train);
  // Steps: three times a forward pass for each of the losses. A rank computes its parts of the
  // batch one after the other, each from tokens that lie where their patches are (SampleRows).
  const double losses = (training.diffusion_weight > 0 ? 1 : 0) + (training.head_weight > 0 ? 1 : 0),
               batch = std::ceil(training.batch / at.ranks), steps = static_cast<double>(training.steps),
               parts = groups_of_batch(training, true, static_cast<int>(at.ranks)) / at.ranks,
               rows = 4e-6 * batch * size.tile_tokens() * (at.k + at.c) * at.away;
  work.moved += steps * rows;
  work.exchanges += steps * parts;
  work.largest_message = std::max(work.largest_message, rows / parts);
  work.sflop += steps * batch * losses * 3 * at.forward();
  work.calls += steps * parts * losses * 3 * at.dispatch();
  work.bytes +=
      1e-9 * steps * (size.parameters() * 4 * 12 + batch * size.tile_tokens() * (at.c + at.k) * 4 * 6);
  work.halo += steps * 2 * at.away * 8e-6 * size.parameters();  // gradients are averaged in double
  work.reductions += 2 * steps;
  // Validations: the base, step 0 and then as often as it says; then the calibration.
  const bool head = size.uncertainty == Uncertainty::head;
  const double every = static_cast<double>(std::max(1l, training.validate_every)),
               validations = 2 + std::ceil(steps / every),
               times =
                   std::min(static_cast<double>(size.validation.times), static_cast<double>(size.choosing));
  at.network(work, validations * times, 1, head ? 1 : size.validation.members,
             head ? 1 : size.validation.sampler_steps);
  at.decode(work, validations * times);
  work.bytes += 1e-9 * validations * times * at.n * 60;
  const double choosing =
                   std::min(static_cast<double>(size.choosing), static_cast<double>(size.calibration_times)),
               held_out =
                   std::min(static_cast<double>(size.held_out), static_cast<double>(size.calibration_times)),
               calibrated = 2 * choosing + 2 * held_out;
  at.network(work, calibrated, head ? 1 : static_cast<double>(size.plan.groups()), head ? 1 : size.plan.batch,
             head ? 1 : static_cast<double>(size.sampler_steps));
  at.decode(work, calibrated);
  return work;
}

Work downscale_work(const Scene& at) {
  const StudySize& size = at.size;
  Work work;
  work.start = 0.7;
  work.bytes += 1e-9 * at.n * 8 * (at.k + 20) * 6;  // basis and base, and their checksums
  if (size.coarsened)
    at.read(work, at.downscale, 2);
  else
    work.inflated += 4e-6 * at.downscale * static_cast<double>(size.lr_cells * size.channels) / at.ranks;
  at.encode(work, at.downscale);
  if (size.uncertainty == Uncertainty::head)
    at.network(work, at.downscale, 1, 1, 1);
  else if (size.uncertainty != Uncertainty::base)
    at.network(work, at.downscale, static_cast<double>(size.plan.groups()), size.plan.batch,
               static_cast<double>(size.sampler_steps));
  at.decode(work, at.downscale);
  const double members = static_cast<double>(size.written_members);
  work.dflop += 1e-9 * at.downscale * members * at.p * 2 * at.d * at.k * 4;
  double megabytes = 4e-6 * at.downscale * at.n * (3 + members);
  if (size.write_factors)
    megabytes += 4e-6 * at.downscale * at.p *
                 (size.uncertainty == Uncertainty::ensemble ? at.k * size.plan.members : at.c + at.k + 2);
  (size.deflate > 0 ? work.deflated : work.inflated) += megabytes;
  work.bytes += 1e-9 * at.downscale * at.n * 8 * 12;
  return work;
}

Work verify_work(const Scene& at) {
  const StudySize& size = at.size;
  Work work;
  work.start = 0.4;
  // Rows are dealt over as many ranks as there are strips of them; groups of ranks share the
  // times.
  const double parts = verify_parts(size, static_cast<int>(at.ranks)), own = at.field / parts,
               times = std::ceil(at.downscale * parts / at.ranks),
               read = 2 + 2 + static_cast<double>(size.written_members), away = 1 - 1 / parts;
  work.bytes += 1e-9 * own * (8 * at.k * 12 + 5300);  // basis, remaps, boxes
  work.inflated += 4e-6 * times * own * read;
  work.bytes += 1e-9 * times * own * 6000;
  work.dflop += 1e-9 * times * at.tokens / parts * 4 * at.d * at.k * 4;
  work.moved += away * 4e-6 * (times * own * read + times * 12 * 24 * static_cast<double>(size.nx));
  work.largest_message = away * 4e-6 * at.field;
  return work;
}

}  // namespace

const char* program_name(Program program) {
  switch (program) {
    case Program::basis:
      return "podscale-basis";
    case Program::train:
      return "podscale-train";
    case Program::downscale:
      return "podscale-downscale";
    case Program::verify:
      return "podscale-verify";
  }
  return "";
}

RankShare::RankShare(const StudySize& size, int ranks) {
  const Decomposition decomposition(size.ny, size.nx, size.patch_y, size.patch_x, ranks);
  const double expected = size.patches() / static_cast<double>(size.patches_y() * size.patches_x());
  for (int rank = 0; rank < ranks; ++rank) {
    const Window window = decomposition.window_of(rank);
    const PatchRange range = decomposition.patches_of(rank);
    points = std::max(points, static_cast<double>(window.points() * size.channels));
    edge = std::max(edge, static_cast<double>((window.ny + window.nx) * size.channels));
    double own = expected * static_cast<double>(range.ny * range.nx);
    if (!size.ocean_of_patch.empty()) {
      own = 0;
      for (long y = range.y0; y < range.y0 + range.ny; ++y)
        for (long x = range.x0; x < range.x0 + range.nx; ++x)
          own += size.ocean_of_patch[static_cast<std::size_t>(y * size.patches_x() + x)] > 0 ? 1 : 0;
    }
    patches = std::max(patches, own);
  }
  if (ranks == 1) edge = 0;
}

Cost predict(Program program, const StudySize& size, const MachineRates& rates, int ranks) {
  const Scene at(size, ranks);
  const Work work = program == Program::basis       ? basis_work(at)
                    : program == Program::train     ? train_work(at)
                    : program == Program::downscale ? downscale_work(at)
                                                    : verify_work(at);
  Cost cost = cost_of(work, rates, ranks);
  cost.memory = predict_memory(program, size, ranks);
  return cost;
}

int verify_parts(const StudySize& size, int ranks) {
  return row_parts(ranks, std::ssize(cut_into_strips(size.ny, size.patch_y).strips));
}

std::string why_not(Program program, const TrainingOptions& training, int ranks) {
  if (program != Program::train) return "";
  if (training.batch % ranks != 0)
    return fmt::format("training.batch = {} is no multiple of {}", training.batch, ranks);
  if (training.groups > 0 && training.batch % training.groups != 0)
    return fmt::format("training.groups = {} does not divide training.batch = {}", training.groups,
                       training.batch);
  if (training.groups > 0 && training.groups % ranks != 0)
    return fmt::format("training.groups = {} is no multiple of {}", training.groups, ranks);
  return "";
}

RankAdvice advise(Program program, const StudySize& size, const MachineRates& rates, int most) {
  RankAdvice advice;
  const double alone = predict(program, size, rates, 1).seconds();
  advice.reason = fmt::format("asked for {} at most", most);
  for (int ranks = 2; ranks <= most; ranks *= 2) {
    if (const std::string reason = why_not(program, size.training, ranks); !reason.empty()) {
      advice.reason = reason;
      break;
    }
    const double efficiency = alone / (ranks * predict(program, size, rates, ranks).seconds());
    if (efficiency < least_efficiency) {
      advice.reason = fmt::format("at {} ranks {:.0f} % of the time is work", ranks, 100 * efficiency);
      break;
    }
    advice.ranks = ranks, advice.efficiency = efficiency;
  }
  return advice;
}

}  // namespace podscale
