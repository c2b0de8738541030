#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "podscale/study/suggest.hpp"

namespace podscale {

void NamelistDraft::set(const std::string& key, std::string value, std::string why) {
  const std::size_t dot = key.find('.');
  const Line line{key.substr(0, dot), key.substr(dot + 1), std::move(value), std::move(why)};
  const auto same_group = [&](const Line& other) { return other.group == line.group; };
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const Line& other) {
    return same_group(other) && other.name == line.name;
  });
  if (found != lines_.end()) {
    *found = line;
    return;
  }
  const auto last = std::find_if(lines_.rbegin(), lines_.rend(), same_group);
  lines_.insert(last == lines_.rend() ? lines_.end() : last.base(), line);
}

std::string NamelistDraft::text() const {
  std::string text, group;
  for (const auto& [of, name, value, why] : lines_) {
    if (of != group) text += fmt::format("{}&{}\n", group.empty() ? "" : "/\n\n", of);
    group = of;
    const std::string line = fmt::format("  {} = {}", name, value),
                      beside = fmt::format("{:<34}  ! {}", line, why);
    if (why.empty() || beside.size() <= 99) {
      text += (why.empty() ? line : beside) + "\n";
      continue;
    }
    std::istringstream words(why);
    std::string row = "  !", word;
    while (words >> word) {
      if (row.size() + word.size() > 98) {
        text += row + "\n";
        row = "  !";
      }
      row += " " + word;
    }
    text += row + "\n" + line + "\n";
  }
  return text + (group.empty() ? "" : "/\n");
}

std::string NamelistDraft::quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string NamelistDraft::quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted(text);
  return out;
}

}  // namespace podscale
