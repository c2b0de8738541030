#pragma once
// Real data for tests: never copied into the project; a test that needs it skips, and says so,
// where it is missing.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

inline std::string shared_data(const std::string& name) {
  const char* folder = std::getenv("PODSCALE_SHARED_DATA");
  const std::filesystem::path path = std::filesystem::path(folder ? folder : "../shared/data") / name;
  return std::filesystem::exists(path) ? path.string() : std::string();
}

#define PODSCALE_NEED_DATA(variable, name)        \
  const std::string variable = shared_data(name); \
  if (variable.empty()) GTEST_SKIP() << "skipped: no shared data (" << name << ")"
