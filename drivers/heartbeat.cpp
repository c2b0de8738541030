#include "heartbeat.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "podscale/core/error.hpp"
#include "podscale/core/process.hpp"
#include "podscale/core/pulse.hpp"
#include "podscale/core/stage.hpp"
#include "podscale/core/version.hpp"

namespace podscale {
namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// As a whole or not at all. Bytes that are no UTF-8 (of a file name, say) become U+FFFD.
bool replace(const std::string& path, const std::string& fresh, const std::string& text) {
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (close(file) == 0 && written && std::rename(fresh.c_str(), path.c_str()) == 0) return true;
  const int error = errno;
  unlink(fresh.c_str());
  errno = error;
  return false;
}

}  // namespace

Heartbeat::Heartbeat(const RunFacts& facts, const std::string& path)
    : facts_(facts), path_(path), keep_(!path.empty()), start_(now()) {
  if (const char* seconds = std::getenv("PODSCALE_HEARTBEAT_SECONDS"))
    if (const double s = std::atof(seconds); s > 0) every_ = s;
  errno = 0;
  if (keep_ && !write("running", 0, nullptr))
    fail(ExitCode::io, "{}: the heartbeat file cannot be written: {}; give --heartbeat another file", path_,
         std::strerror(errno));
  next_ = keep_ ? start_ + every_ : start_;
}

bool Heartbeat::find_path() {
  if (!path_.empty()) return true;
  const std::string output = pulse::output();
  if (output.empty()) return false;
  const std::filesystem::path target(output);
  path_ = (target.parent_path() / ("." + target.filename().string() + ".heartbeat")).string();
  doomed_ = std::make_unique<DoomedFile>(path_);
  return true;
}

void Heartbeat::beat(double idle) {
  if (now() < next_ || !find_path()) return;
  write("running", idle, nullptr);
  next_ = now() + every_;
}

void Heartbeat::end(const std::string& state, int exit_code) {
  if (!find_path()) return;
  if (keep_) {
    write(state, 0, &exit_code);
    return;
  }
  // Another run may have the output by now, and a heartbeat of its own; one that was killed has
  // left it.
  struct stat found {};
  if (stat(path_.c_str(), &found) == 0 && (found.st_ino == written_ || is_of_the_dead()))
    unlink(path_.c_str());
  doomed_.reset();
}

bool Heartbeat::is_of_the_dead() const {
  std::ifstream file(path_);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("host") || !json.contains("process")) return false;
  const auto &host = json["host"], &process = json["process"];
  return host.is_string() && host == facts_.host && process.is_number_integer() &&
         process_has_ended(process.get<int>());
}

bool Heartbeat::write(const std::string& state, double idle, const int* exit_code) {
  const auto stage = static_cast<StageId>(pulse::signs().stage.load(std::memory_order_relaxed));
  nlohmann::ordered_json json{{"program", facts_.program},
                              {"version", facts_.version},
                              {"state", state},
                              {"stage", stage_name(stage)},
                              {"started", facts_.started},
                              {"updated", utc_now()},
                              {"seconds", now() - start_},
                              {"seconds_without_progress", idle},
                              {"host", facts_.host},
                              {"process", facts_.process},
                              {"ranks", facts_.ranks},
                              {"namelist", facts_.namelist}};
  if (const auto loop = pulse::current_loop()) {
    json["progress"] = {{"title", loop->title},
                        {"done", loop->done},
                        {"total", loop->total},
                        {"unit", loop->unit},
                        {"per_second", loop->rate}};
    if (loop->rate > 0) json["seconds_left"] = static_cast<double>(loop->total - loop->done) / loop->rate;
  }
  if (exit_code) json["exit_code"] = *exit_code;
  using Json = nlohmann::ordered_json;
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  const std::string fresh = fmt::format("{}.{}.tmp", path_, facts_.process);
  const DoomedFile doomed(fresh);
  if (!replace(path_, fresh, text)) return false;
  struct stat found {};
  if (stat(path_.c_str(), &found) == 0) written_ = found.st_ino;
  return true;
}

}  // namespace podscale
