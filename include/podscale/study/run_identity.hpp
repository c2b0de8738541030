#pragma once
// What the results of a run follow from: by it a finished job is known again, and what a stopped
// one left behind.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "podscale/study/context.hpp"

namespace podscale {

/// All of podscale-basis, or of podscale-downscale, one thing a line: version, the values of the
/// namelist that count there, each input with its size and the time of its last change, basis and
/// model with their checksums.
class RunIdentity {
 public:
  /// Not collective. Of other programs, or of a test; the same text on all ranks.
  explicit RunIdentity(std::string text) : text_(std::move(text)) {}
  /// Collective. Looks at names, sizes and times of the inputs; what is absent is absent.
  static RunIdentity of_basis(const Context& context);
  static RunIdentity of_image_basis(const Context& context);
  static RunIdentity of_downscaling(const Context& context);
  const std::string& text() const { return text_; }
  /// 16 digits, as outputs have them in podscale_run.
  std::string checksum() const;
  /// Collective on comm. Whether a file is whole and was made by such a run. A damaged one is not,
  /// with a warning.
  bool made(const Communicator& comm, const std::string& path) const;

 private:
  std::string text_;
};

/// The attribute of an output that names the run, and says so in its files.
inline constexpr const char* kRunAttribute = "podscale_run";

/// Not collective. The version; of a program with changes that are in no commit also which program
/// file it is, by size and time.
std::string program_identity();

/// Collective. What is left to do of a job that is finished: says so, and removes what a run has
/// left that was killed at its very end. remove(), also collective, is called with the lock of the
/// target where the folder or a lock file is there; another run that has the lock is left alone.
void leave_finished(const Context& context, const std::string& target, const std::string& folder,
                    const std::function<void()>& remove);

}  // namespace podscale
