#pragma once
// Texts of attributes and namelists. Nothing here is collective.

#include <cctype>
#include <string>

namespace podscale {

inline std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Not collective. Without outer blanks.
inline std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

}  // namespace podscale
