#pragma once
// Fortran namelists, strictly: every key is in one table (key_table.cpp) with type, unit, default
// and range; an unknown group or key is an error that suggests the nearest known one.

#include <map>
#include <string>
#include <vector>

namespace podscale {

enum class KeyType { integer, real, logical, text, integers, reals, texts };

struct Key {
  const char* group;
  const char* name;
  KeyType type;
  const char* fallback;  ///< default in namelist syntax; "" = none, the key must be given where it is needed
  const char* unit;      ///< "" = dimensionless
  double low, high;      ///< range of numbers
  const char* choices;   ///< "|"-separated allowed texts; "" = any
  const char* help;
  int count = 0;  ///< of a list: the number of values it must have when given; 0 = any
};
/// All keys, in the order of the documentation.
const std::vector<Key>& key_table();
/// One line on a group; nullptr if there is no such group.
const char* group_help(const std::string& group);

/// The effective values: defaults, then the file, then --set. Not collective: the text is read on
/// one rank and broadcast by the caller. Errors: usage, naming file, line, group and key.
class Namelist {
 public:
  Namelist();  ///< defaults
  void parse(const std::string& text, const std::string& source);
  void set(const std::string&
               assignment);  ///< "group.key=value", value in namelist syntax; quotes optional for one text

  /// The same of one text, taken as it is whatever characters it has.
  void set_text(const std::string& key, const std::string& value);

  // Typed access; asking for a key that is not in the table, or by another type, is a bug.
  long integer(const std::string& key) const;  ///< key: "group.name"
  double real(const std::string& key) const;
  bool logical(const std::string& key) const;
  const std::string& text(const std::string& key) const;
  const std::vector<long>& integers(const std::string& key) const;
  const std::vector<double>& reals(const std::string& key) const;
  const std::vector<std::string>& texts(const std::string& key) const;
  /// True if the file or --set gave it.
  bool given(const std::string& key) const;
  /// text() / texts() that must not be empty: Error(usage) that says what to write where, marked
  /// as agreed: the namelist is the same on every rank.
  const std::string& required_text(const std::string& key) const;
  const std::vector<std::string>& required_texts(const std::string& key) const;

  /// The effective values as a namelist that parses back to itself (stored in every output).
  /// groups: only these, all when empty. Lists without a value appear as comments.
  std::string effective(const std::vector<std::string>& groups = {}) const;
  /// Not collective. The value of a key as effective() writes it; "" for a list without a value.
  std::string effective_value(const std::string& key) const;
  const std::string& source() const { return source_; }

 private:
  struct Value {
    std::vector<long> integers;
    std::vector<double> reals;
    std::vector<std::string> texts;
    bool logical = false;
    bool given = false;
  };
  const Value& value(const std::string& key, KeyType type) const;
  // assign(): items as the lexer gives them, a quoted text behind an apostrophe; where:
  // "file:line".
  std::string value_text(const Key& key) const;
  void assign(const Key& key, const std::vector<std::string>& items, const std::string& where);
  std::map<std::string, Value> values_;
  std::string source_ = "defaults";
};

/// Not collective. Error(usage), agreed: the key of the table is not given in `source`; what to
/// write there.
[[noreturn]] void missing_key(const std::string& key, const std::string& source);

/// doc/namelist.md, generated from the table.
std::string namelist_reference();

}  // namespace podscale
