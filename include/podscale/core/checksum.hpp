#pragma once
// FNV-1a, 64 bits: to recognise the same grid, basis or weights again, not for security.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace podscale {

class Checksum {
 public:
  void add_bytes(const void* data, std::size_t size) {
    const auto* byte = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) value_ = (value_ ^ byte[i]) * 0x100000001b3ULL;
  }
  template <class T>
  void add(std::span<const T> values) {
    add_bytes(values.data(), values.size_bytes());
  }
  void add(std::uint64_t value) { add_bytes(&value, sizeof value); }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

/// 16 hexadecimal digits.
std::string checksum_text(std::uint64_t value);

}  // namespace podscale
