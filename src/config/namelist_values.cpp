#include "namelist_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "podscale/core/text.hpp"

namespace podscale {
namespace {

/// Levenshtein's.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, substituted}));
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  return *std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(name, a) < edit_distance(name, b);
  });
}

std::optional<double> to_real(std::string item) {
  for (char& c : item)
    if (c == 'd' || c == 'D') c = 'e';
  const char* begin = item.data() + (item.size() > 1 && item[0] == '+' && item[1] != '-' ? 1 : 0);
  double value = 0;
  const auto [end, status] = std::from_chars(begin, item.data() + item.size(), value);
  if (status != std::errc() || end != item.data() + item.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<long> to_integer(const std::string& item) {
  const char* begin = item.data() + (item.size() > 1 && item[0] == '+' && item[1] != '-' ? 1 : 0);
  long value = 0;
  const auto [end, status] = std::from_chars(begin, item.data() + item.size(), value);
  if (status != std::errc() || end != item.data() + item.size()) return std::nullopt;
  return value;
}

std::optional<bool> to_logical(const std::string& item) {
  const std::string word = lower(item);
  if (word == ".true." || word == ".t." || word == "true" || word == "t") return true;
  if (word == ".false." || word == ".f." || word == "false" || word == "f") return false;
  return std::nullopt;
}

std::string quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

std::string real_text(double value) {
  const std::string text = fmt::format("{}", value);  // the shortest that reads back to the same bits
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string expectation(const Key& key) {
  const std::string many = key.count > 0 ? fmt::format("{} ", key.count) : "";
  const std::string unit = *key.unit ? fmt::format(" ({})", key.unit) : "";
  switch (key.type) {
    case KeyType::integer:
      return fmt::format("an integer from {:.10g} to {:.10g}{}", key.low, key.high, unit);
    case KeyType::integers:
      return fmt::format("{}integers from {:.10g} to {:.10g}{}", many, key.low, key.high, unit);
    case KeyType::reals:
      return fmt::format("{}numbers from {:.10g} to {:.10g}{}", many, key.low, key.high, unit);
    case KeyType::real:
      return fmt::format("a number from {:.10g} to {:.10g}{}", key.low, key.high, unit);
    case KeyType::logical:
      return ".true. or .false.";
    case KeyType::texts:
      return fmt::format("{}quoted texts{}, as in 'a', 'b'", many, unit);
    case KeyType::text:
      break;
  }
  if (!*key.choices) return fmt::format("one quoted text{}, as in 'a'", unit);
  std::string choices = "'";
  for (const char* c = key.choices; *c; ++c) choices += *c == '|' ? std::string("', '") : std::string(1, *c);
  return choices + "'";
}

bool is_choice(const Key& key, const std::string& text) {
  return !*key.choices ||
         (text.find('|') == std::string::npos &&
          fmt::format("|{}|", key.choices).find(fmt::format("|{}|", text)) != std::string::npos);
}

}  // namespace podscale
