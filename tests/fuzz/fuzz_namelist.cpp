// Any text as a namelist: it is taken or refused by Error(usage), and what was taken is written so
// that it is read back as the same.

#include <cstddef>
#include <cstdint>
#include <string>

#include "podscale/config/namelist.hpp"
#include "podscale/core/error.hpp"

using namespace podscale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Namelist namelist;
  try {
    // Up to an empty line: the assignments of --set, one a line.
    std::size_t start = 0;
    const std::size_t blank = text.find("\n\n");
    if (blank != std::string::npos && text.front() != '&') {
      for (std::size_t end; start < blank; start = end + 1) {
        end = text.find('\n', start);
        namelist.set(text.substr(start, end - start));
      }
    }
    namelist.parse(text.substr(start), "fuzz.nml");
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage || std::string(error.what()).empty()) __builtin_trap();
    return 0;
  }
  const std::string effective = namelist.effective();
  Namelist again;
  again.parse(effective, "effective");  // an Error here is a finding
  if (again.effective() != effective) __builtin_trap();
  return 0;
}
