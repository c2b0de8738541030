// Runs all tests, or those whose "Suite.Name" contains the first argument. Ends with 1 where one
// fails.
#include <exception>

#include "gtest.h"

int main(int argc, char** argv) {
  int failed = 0, skipped = 0, ran = 0;
  for (const testing::Case& test : testing::cases()) {
    const std::string name = std::string(test.suite) + "." + test.name;
    if (argc > 1 && name.find(argv[1]) == std::string::npos) continue;
    testing::state() = {};
    try {
      test.body();
    } catch (const std::exception& error) {
      std::cout << "threw: " << error.what() << std::endl;
      ++testing::state().failures;
    }
    const testing::State& state = testing::state();
    std::cout << (state.failures > 0 ? "FAILED  "
                  : state.skipped    ? "skipped "
                                     : "ok      ")
              << name << std::endl;
    ++ran, failed += state.failures > 0, skipped += state.failures == 0 && state.skipped;
  }
  std::cout << ran << " tests, " << failed << " failed, " << skipped << " skipped" << std::endl;
  return failed > 0 || ran == 0 ? 1 : 0;
}
