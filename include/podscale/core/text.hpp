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

/// Not collective. Text from elsewhere for a terminal: control characters but those in `kept`
/// become '?', as they may hide lines or drive the terminal; what is longer than `longest` bytes
/// ends in "...", never within a letter of UTF-8.
inline std::string printable(std::string text, std::size_t longest, const std::string& kept = "\n\t") {
  if (text.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  for (char& c : text)
    if (std::iscntrl(static_cast<unsigned char>(c)) && kept.find(c) == std::string::npos) c = '?';
  return text;
}

}  // namespace podscale
