// The backend of a build without LibTorch (PODSCALE_NETWORK=OFF).
#include "podscale/core/error.hpp"
#include "podscale/network/model.hpp"
#include "podscale/network/window_training.hpp"

namespace podscale {

namespace {

void refuse(const std::string& path) {
  throw Error(ExitCode::usage,
              fmt::format("{}: this podscale was built without a network (PODSCALE_NETWORK=OFF); expected "
                          "sampling.uncertainty = 'base', or a build with LibTorch",
                          path),
              true);  // the same build on every rank
}

}  // namespace

const NetworkBackend& network_backend() {
  static const NetworkBackend backend{
      "without a network", [](int) {},
      [](const Communicator&, const Placement& wanted) { return wanted.device; },
      [](const Communicator&, const std::string& path, const TokenLayout&, const std::string&,
         const Placement&, const std::string&) -> std::unique_ptr<TokenNetwork> {
        refuse(path);
        return nullptr;
      },
      [](const Communicator&, const TokenLayout&, const ModelOptions&, const TrainingOptions&,
         const std::string&, const std::string& model_file, bool, const std::string&,
         const std::string&) -> std::unique_ptr<NetworkTrainer> {
        refuse(model_file);
        return nullptr;
      }};
  return backend;
}

const WindowBackend& window_backend() {
  static const WindowBackend backend{
      [](const Communicator&, const std::string& path, const std::string&, const std::string&) {
        refuse(path);
        return LoadedWindowNetwork{};
      },
      [](const Communicator&, const WindowTrainerRequest& request) -> std::unique_ptr<WindowTrainer> {
        refuse(request.model_file);
        return nullptr;
      }};
  return backend;
}

}  // namespace podscale
