#include "training_file.hpp"

namespace podscale {

void put_training(Hdf5File& file, const TrainingSummary& summary, const TrainedWeights& weights) {
  file.put("step", static_cast<double>(summary.step));
  file.put("best_step", static_cast<double>(summary.best_step));
  file.put("best_score", summary.best_score);
  file.put("ranks", static_cast<double>(summary.ranks));
  file.put("pending_loss", weights.pending_loss);
  file.put("pending_steps", static_cast<double>(weights.pending_steps));
  if (weights.rate_factor != 1) file.put("rate_factor", weights.rate_factor);
  file.put("basis_checksum", summary.basis_checksum);
  file.put("weights_checksum", weights_checksum(weights));
  file.put("namelist", summary.effective_namelist);
  file.put("version", summary.version);
}

void get_training(const Hdf5File& file, TrainingSummary& summary, TrainedWeights& weights) {
  summary.step = file.count("step");
  summary.best_step = file.count("best_step");
  summary.best_score = file.number("best_score");
  summary.ranks = file.integer("ranks");
  weights.pending_loss = file.number("pending_loss");
  weights.pending_steps = file.integer("pending_steps");
  if (file.has("rate_factor")) weights.rate_factor = file.number("rate_factor");
  if (!(weights.rate_factor > 0 && weights.rate_factor <= 1))
    fail(ExitCode::data, "rate_factor is {}, expected a number up to 1; the file is damaged",
         weights.rate_factor);
  summary.basis_checksum = file.text("basis_checksum");
  summary.weights_checksum = file.text("weights_checksum");
  summary.effective_namelist = file.text("namelist");
  summary.version = file.text("version");
}

void require_same_basis(const TrainingSummary& found, const std::string& basis_checksum,
                        const std::string& path, const std::string& basis) {
  if (found.basis_checksum != basis_checksum)
    fail(ExitCode::data,
         "{}: trained on the basis of checksum {}, but {} has {}; train again, or use the basis it was "
         "trained on",
         path, found.basis_checksum, basis, basis_checksum);
}

}  // namespace podscale
