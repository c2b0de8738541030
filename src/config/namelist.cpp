#include "podscale/config/namelist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "namelist_lexer.hpp"
#include "namelist_values.hpp"
#include "podscale/core/error.hpp"
#include "podscale/core/text.hpp"

namespace podscale {
namespace {

using Kind = NamelistToken::Kind;
constexpr std::size_t kMostItems = 10'000;  // of a key

std::string path_of(const Key& key) {
  return fmt::format("{}.{}", key.group, key.name);
}

const Key* find_key(const std::string& path) {
  for (const Key& key : key_table())
    if (path_of(key) == path) return &key;
  return nullptr;
}

std::vector<std::string> group_names() {
  std::vector<std::string> names;
  for (const Key& key : key_table())
    if (names.empty() || names.back() != key.group) names.emplace_back(key.group);
  return names;
}

void check_group(const std::string& group, const std::string& where) {
  const std::vector<std::string> known = group_names();
  if (std::find(known.begin(), known.end(), group) == known.end())
    fail(ExitCode::usage, "{}: unknown group &{}; did you mean &{}? Groups: &{}", where, group,
         nearest(group, known), fmt::join(known, ", &"));
}

const Key& check_key(const std::string& group, const std::string& name, const std::string& where) {
  check_group(group, where);
  if (const Key* key = find_key(group + "." + name)) return *key;
  std::vector<std::string> names, elsewhere;
  for (const Key& key : key_table()) {
    if (key.group == group) names.emplace_back(key.name);
    if (key.name == name) elsewhere.push_back(fmt::format("&{}", key.group));
  }
  if (!elsewhere.empty())
    fail(ExitCode::usage, "{}: &{} has no key {}; it belongs to {}; the nearest in &{} is {}", where, group,
         name, fmt::join(elsewhere, " or "), group, nearest(name, names));
  if (const std::size_t bracket = name.find_first_of("(%"); bracket != std::string::npos)
    fail(ExitCode::usage, "{}: &{} {}: elements can't be given one by one; write {} = first, second, ...",
         where, group, name, name.substr(0, bracket));
  fail(ExitCode::usage, "{}: unknown key {} in &{}; did you mean {}? Keys: {}", where, name, group,
       nearest(name, names), fmt::join(names, ", "));
}

bool is_list(KeyType type) {
  return type == KeyType::integers || type == KeyType::reals || type == KeyType::texts;
}
bool is_text(KeyType type) {
  return type == KeyType::text || type == KeyType::texts;
}

/// What `assign` takes: the values from token `at` on, up to the next name, group, slash or end.
/// Moves `at` there.
std::vector<std::string> items_from(const std::vector<NamelistToken>& tokens, std::size_t& at,
                                    const std::string& where) {
  std::vector<std::string> items;
  bool comma = true;  // a value may follow; at the start, a comma may not
  for (; at < tokens.size(); ++at) {
    const NamelistToken& token = tokens[at];
    if (token.kind == Kind::comma) {
      if (comma) fail(ExitCode::usage, "{}: empty value before a comma", where);
      comma = true;
    } else if (token.kind == Kind::value || token.kind == Kind::text) {
      const std::string item = token.kind == Kind::text ? "'" + token.text : token.text;
      if (items.size() + static_cast<std::size_t>(token.repeat) > kMostItems)
        fail(ExitCode::usage, "{}: more than {} values; of files, expected globs as in 'folder/*.nc'", where,
             kMostItems);
      items.insert(items.end(), static_cast<std::size_t>(token.repeat), item);
      comma = false;
    } else {
      break;
    }
  }
  return items;
}

}  // namespace

Namelist::Namelist() {
  for (const Key& key : key_table()) {
    Value& value = values_[path_of(key)];
    if (key.type == KeyType::text) value.texts = {""};
    if (!*key.fallback) continue;
    std::size_t at = 0;
    assign(key, items_from(lex_namelist(key.fallback, "key table"), at, "key table"), "key table");
    value.given = false;
  }
}

void Namelist::assign(const Key& key, const std::vector<std::string>& items, const std::string& where) {
  const auto refuse = [&](const std::string& found) {
    fail(ExitCode::usage, "{}: &{} {}: found {}, expected {}", where, key.group, key.name, found,
         expectation(key));
  };
  if (items.empty()) refuse("no value");
  if (!is_list(key.type) && items.size() > 1) refuse(fmt::format("{} values", items.size()));
  if (key.count > 0 && items.size() != static_cast<std::size_t>(key.count))
    refuse(fmt::format("{} value{}", items.size(), items.size() == 1 ? "" : "s"));

  Value value;
  for (const std::string& item : items) {
    const bool quoted = item[0] == '\'';
    if (quoted != is_text(key.type))
      refuse(quoted ? fmt::format("the text {}", quote(item.substr(1))) : item);
    switch (key.type) {
      case KeyType::text:
      case KeyType::texts:
        value.texts.push_back(item.substr(1));
        if (!is_choice(key, value.texts.back())) refuse(quote(value.texts.back()));
        if (key.type == KeyType::texts && value.texts.back().empty()) {
          if (items.size() > 1) refuse("an empty text in a list");
          value.texts.clear();  // '' alone: nothing
        }
        break;
      case KeyType::logical: {
        const auto parsed = to_logical(item);
        if (!parsed) refuse(item);
        value.logical = *parsed;
        break;
      }
      case KeyType::real:
      case KeyType::reals: {
        const auto parsed = to_real(item);
        if (!parsed || *parsed < key.low || *parsed > key.high) refuse(item);
        value.reals.push_back(*parsed);
        break;
      }
      case KeyType::integer:
      case KeyType::integers: {
        const auto parsed = to_integer(item);
        if (!parsed || static_cast<double>(*parsed) < key.low || static_cast<double>(*parsed) > key.high)
          refuse(item);
        value.integers.push_back(*parsed);
        break;
      }
    }
  }
  value.given = true;
  values_[path_of(key)] = std::move(value);
}

void Namelist::parse(const std::string& text, const std::string& source) {
  source_ = source;
  const std::vector<NamelistToken> tokens = lex_namelist(text, source);
  const auto at_line = [&](int line) { return fmt::format("{}:{}", source, line); };
  std::map<std::string, int> groups_seen, keys_seen;  // with their lines
  std::size_t at = 0;
  while (tokens[at].kind != Kind::end) {
    const NamelistToken opening = tokens[at++];
    if (opening.kind != Kind::group)
      fail(ExitCode::usage, "{}: found '{}' outside of a group; a group is written &name ... /",
           at_line(opening.line), opening.text);
    const std::string group = lower(opening.text);
    check_group(group, at_line(opening.line));
    if (const auto [seen, fresh] = groups_seen.emplace(group, opening.line); !fresh)
      fail(ExitCode::usage, "{}: group &{} is given twice, first in line {}", at_line(opening.line), group,
           seen->second);
    while (tokens[at].kind != Kind::slash) {
      const NamelistToken token = tokens[at];
      if (token.kind == Kind::end || token.kind == Kind::group)
        fail(ExitCode::usage, "{}: group &{}, opened in line {}, is not closed by '/'", at_line(token.line),
             group, opening.line);
      if (token.kind != Kind::name)
        fail(ExitCode::usage, "{}: &{}: found '{}', expected key = value or the closing '/'",
             at_line(token.line), group, token.text);
      const std::string name = lower(token.text), where = at_line(token.line);
      const Key& key = check_key(group, name, where);
      if (const auto [seen, fresh] = keys_seen.emplace(path_of(key), token.line); !fresh)
        fail(ExitCode::usage, "{}: &{} {} is given twice, first in line {}", where, group, name,
             seen->second);
      at += 2;  // the name and its equals sign
      assign(key, items_from(tokens, at, fmt::format("{}: &{} {}", where, group, name)), where);
    }
    ++at;
  }
}

void Namelist::set(const std::string& assignment) {
  const std::string where = fmt::format("--set {}", assignment);
  const std::size_t equals = assignment.find('='), dot = assignment.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals)
    fail(ExitCode::usage, "{}: expected group.key=value, as in training.steps=500", where);
  const std::string group = lower(assignment.substr(0, dot));
  const std::string name = lower(assignment.substr(dot + 1, equals - dot - 1));
  const Key& key = check_key(group, name, where);
  const std::string value = assignment.substr(equals + 1);
  std::vector<std::string> items;
  if (is_text(key.type) && value.find_first_of("'\"") == std::string::npos) {
    // The shell has eaten the quotes: one text, or a list at its commas.
    std::size_t begin = 0, end = 0;
    do {
      end = key.type == KeyType::texts ? value.find(',', begin) : std::string::npos;
      items.push_back("'" + value.substr(begin, end - begin));
      begin = end + 1;
    } while (end != std::string::npos);
  } else {
    const std::vector<NamelistToken> tokens = lex_namelist(value, where, true);
    std::size_t at = 0;
    items = items_from(tokens, at, where);
    if (tokens[at].kind != Kind::end)
      fail(ExitCode::usage, "{}: found '{}' after the value", where, tokens[at].text);
  }
  assign(key, items, where);
}

void Namelist::set_text(const std::string& key, const std::string& value) {
  const Key* found = find_key(key);
  PODSCALE_ASSERT(found != nullptr && found->type == KeyType::text, "namelist key {}", key);
  assign(*found, {"'" + value}, "--set " + key);
}

const Namelist::Value& Namelist::value(const std::string& path, KeyType type) const {
  const Key* key = find_key(path);
  PODSCALE_ASSERT(key != nullptr && key->type == type, "namelist key {}", path);
  return values_.at(path);
}

long Namelist::integer(const std::string& key) const {
  return value(key, KeyType::integer).integers.at(0);
}
double Namelist::real(const std::string& key) const {
  return value(key, KeyType::real).reals.at(0);
}
bool Namelist::logical(const std::string& key) const {
  return value(key, KeyType::logical).logical;
}
const std::string& Namelist::text(const std::string& key) const {
  return value(key, KeyType::text).texts.at(0);
}
const std::vector<long>& Namelist::integers(const std::string& key) const {
  return value(key, KeyType::integers).integers;
}
const std::vector<double>& Namelist::reals(const std::string& key) const {
  return value(key, KeyType::reals).reals;
}
const std::vector<std::string>& Namelist::texts(const std::string& key) const {
  return value(key, KeyType::texts).texts;
}
bool Namelist::given(const std::string& key) const {
  PODSCALE_ASSERT(find_key(key) != nullptr, "namelist key {}", key);
  return values_.at(key).given;
}

void missing_key(const std::string& path, const std::string& source) {
  const Key& key = *find_key(path);
  throw Error(ExitCode::usage,
              fmt::format("{}: &{} {} is not given, expected {}: {}", source, key.group, key.name,
                          expectation(key), key.help),
              true);  // the same namelist on every rank
}

const std::string& Namelist::required_text(const std::string& key) const {
  const std::string& found = text(key);
  if (found.empty()) missing_key(key, source_);
  return found;
}
const std::vector<std::string>& Namelist::required_texts(const std::string& key) const {
  const std::vector<std::string>& found = texts(key);
  if (found.empty()) missing_key(key, source_);
  return found;
}

std::string Namelist::value_text(const Key& key) const {
  const Value& value = values_.at(path_of(key));
  std::vector<std::string> items;
  if (key.type == KeyType::logical) items.emplace_back(value.logical ? ".true." : ".false.");
  for (const long i : value.integers) items.push_back(fmt::format("{}", i));
  for (const double r : value.reals) items.push_back(real_text(r));
  for (const std::string& t : value.texts) items.push_back(quote(t));
  return fmt::format("{}", fmt::join(items, ", "));
}

std::string Namelist::effective_value(const std::string& key) const {
  const Key* const known = find_key(key);
  PODSCALE_ASSERT(known, "no key {}", key);
  return value_text(*known);
}

std::string Namelist::effective(const std::vector<std::string>& groups) const {
  std::string result;
  for (const std::string& group : groups.empty() ? group_names() : groups) {
    result += fmt::format("&{}\n", group);
    for (const Key& key : key_table()) {
      if (key.group != group) continue;
      const std::string text = value_text(key);
      result += text.empty() ? fmt::format("  ! {} is not given\n", key.name)
                             : fmt::format("  {} = {}\n", key.name, text);
    }
    result += "/\n";
  }
  return result;
}

}  // namespace podscale
