#include "podscale/network/vit.hpp"

#include "network.hpp"
#include "podscale/core/error.hpp"
#include "podscale/network/checkpoint.hpp"

namespace podscale {

struct Model::State {
  Network network;
  std::string checksum;
  long best_step;
  std::string criterion;
  std::vector<Calibration> head_calibrations, ensemble_calibrations;
};

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const Communicator& comm, const std::string& path, const TokenLayout& layout,
                  const std::string& basis_checksum, const Placement& placement, const std::string& basis) {
  const Checkpoint checkpoint = read_checkpoint(comm, path);
  const std::string own_device = device_of_rank(comm, placement);
  std::unique_ptr<State> state;
  comm.agree([&] {
    require_same_study(checkpoint.summary, layout, basis_checksum, path, basis);
    ModelOptions options = checkpoint.summary.options;
    options.device = own_device;
    options.precision = placement.precision;
    state.reset(new State{Network(layout, options, false), checkpoint.summary.weights_checksum,
                          checkpoint.summary.best_step, checkpoint.summary.criterion,
                          checkpoint.summary.head_calibrations, checkpoint.summary.ensemble_calibrations});
    state->network.set_weights(in_order_of(state->network.flat->slices, checkpoint, checkpoint.best, path));
  });
  return Model(std::move(state));
}

void Model::sample(const SamplerOptions& options, std::span<const float> condition, float year_phase,
                   std::uint64_t time_key, int first_member, int count, std::span<float> out,
                   const Temperature& temperature) const {
  state_->network.sample(options, condition, year_phase, time_key, first_member, count, out, temperature);
}
void Model::head(std::span<const float> condition, float year_phase, std::span<float> mean,
                 std::span<float> variance) const {
  state_->network.head(condition, year_phase, mean, variance);
}
NetworkFunctions Model::functions(const SamplerOptions& options) const {
  return state_->network.functions(options);
}
const ModelOptions& Model::options() const {
  return state_->network.options;
}
const Calibration& Model::calibration(bool head, std::size_t regime) const {
  static const Calibration none;
  const auto& of = head ? state_->head_calibrations : state_->ensemble_calibrations;
  return regime < of.size() ? of[regime] : none;
}
std::size_t Model::regimes() const {
  return state_->head_calibrations.size();
}
std::string Model::checksum() const {
  return state_->checksum;
}
long Model::parameters() const {
  return state_->network.flat->values.numel();
}
long Model::best_step() const {
  return state_->best_step;
}
const std::string& Model::criterion() const {
  return state_->criterion;
}

}  // namespace podscale
