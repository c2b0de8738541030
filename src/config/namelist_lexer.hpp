#pragma once
// The words of a Fortran namelist, with the line of each for messages. Private to src/config.

#include <string>
#include <vector>

namespace podscale {

struct NamelistToken {
  enum class Kind { group, name, value, text, equals, comma, slash, end };
  Kind kind;
  std::string text;  ///< of a quoted text: without its quotes, doubled ones undone
  int line;
  long repeat = 1;  ///< 3*1 has repeat 3
};

/// Not collective. Comments are dropped; the last token is `end`. A bare word is a `name` where an
/// equals sign follows, else a `value`. In a value of --set (`bare_slashes`) a slash is a
/// character like any other. Errors: usage, with source and line, for a text that is not closed
/// and a repeat count that is none.
std::vector<NamelistToken> lex_namelist(const std::string& text, const std::string& source,
                                        bool bare_slashes = false);

}  // namespace podscale
