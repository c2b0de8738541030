#include "namelist_lexer.hpp"

#include <cctype>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

using Kind = NamelistToken::Kind;

class Lexer {
 public:
  Lexer(const std::string& text, const std::string& source, bool bare_slashes)
      : text_(text), source_(source), bare_slashes_(bare_slashes) {}

  std::vector<NamelistToken> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
        ++at_;
      } else if (std::isspace(static_cast<unsigned char>(c))) {
        ++at_;
      } else if (c == '!') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '\'' || c == '"') {
        add(Kind::text, quoted());
      } else if (c == '=') {
        // Only now is it known that the word before was a name.
        if (!tokens_.empty() && tokens_.back().kind == Kind::value) tokens_.back().kind = Kind::name;
        single(Kind::equals);
      } else if (c == ',') {
        single(Kind::comma);
      } else if (c == '/' && !bare_slashes_) {
        single(Kind::slash);
      } else if (c == '&') {
        ++at_;
        add(Kind::group, word());
      } else {
        bare();
      }
    }
    add(Kind::end, "");
    return std::move(tokens_);
  }

 private:
  void add(Kind kind, std::string text, long repeat = 1) {
    tokens_.push_back({kind, std::move(text), line_, repeat});
  }
  void single(Kind kind) {
    add(kind, std::string(1, text_[at_]));
    ++at_;
  }

  bool ends_word(char c) const {
    return std::isspace(static_cast<unsigned char>(c)) || c == ',' || c == '=' || c == '!' || c == '\'' ||
           c == '"' || (c == '/' && !bare_slashes_);
  }
  void require_short(const char* kind, const std::string& start, std::size_t length) const {
    constexpr std::size_t longest = 8192;  // twice the longest path
    if (length > longest)
      fail(ExitCode::usage, "{}:{}: a {} of {} characters that begins with '{}'; expected at most {}", source_,
           line_, kind, length, start, longest);
  }
  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && !ends_word(text_[at_])) ++at_;
    require_short("word", text_.substr(begin, 20), at_ - begin);
    return text_.substr(begin, at_ - begin);
  }

  std::string quoted() {
    const char quote = text_[at_++];
    std::string value;
    for (; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == quote) {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != quote) {
          ++at_;
          require_short("text", value.substr(0, 20), value.size());
          return value;
        }
        ++at_;  // a doubled quote stands for itself
      }
      value += text_[at_];
    }
    fail(ExitCode::usage, "{}:{}: the text {}{} is not closed on its line", source_, line_, quote, value);
  }

  void bare() {
    std::string item = word();
    const std::size_t star = item.find('*');
    if (star == std::string::npos) return add(Kind::value, item);
    const std::string count = item.substr(0, star);
    const bool digits =
        !count.empty() && count.size() <= 6 && count.find_first_not_of("0123456789") == count.npos;
    if (!digits || std::stol(count) == 0)
      fail(ExitCode::usage,
           "{}:{}: found '{}': before '*' goes a repeat count, as in 3*1; put a text in quotes", source_,
           line_, item);
    item.erase(0, star + 1);
    if (!item.empty()) return add(Kind::value, item, std::stol(count));
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"'))
      return add(Kind::text, quoted(), std::stol(count));
    fail(ExitCode::usage, "{}:{}: found '{}*' without the value to repeat", source_, line_, count);
  }

  const std::string& text_;
  const std::string& source_;
  const bool bare_slashes_;
  std::vector<NamelistToken> tokens_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<NamelistToken> lex_namelist(const std::string& text, const std::string& source,
                                        bool bare_slashes) {
  return Lexer(text, source, bare_slashes).run();
}

}  // namespace podscale
