#pragma once
// Whether this build has the address sanitizer, whose shadow and quarantine make the peak memory
// of a process say nothing of what the program takes.

namespace podscale::test {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace podscale::test
