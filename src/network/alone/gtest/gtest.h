#pragma once
// The part of GoogleTest that the tests of the network use, for machines that have none: tests, checks
// that go on or return, skips. main() is in gtest_main.cpp.

#include <cmath>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace testing {

struct Case {
  const char *suite, *name;
  void (*body)();
};
inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
struct Registered {
  Registered(const char* suite, const char* name, void (*body)()) { cases().push_back({suite, name, body}); }
};
struct State {
  int failures = 0;
  bool skipped = false;
};
inline State& state() {
  static State of_this_test;
  return of_this_test;
}

template <class T>
std::string shown(const T& value) {
  if constexpr (requires(std::ostream & s) { s << value; }) {
    std::ostringstream text;
    text.precision(9);
    text << value;
    return text.str();
  } else {
    return "(a value)";
  }
}

/// What a check says when it is destroyed, with what was streamed into it.
class Message {
 public:
  Message(const char* file, int line, std::string what, bool failure = true)
      : failure_(failure), what_(std::move(what)) {
    text_ << file << ":" << line << ": ";
  }
  ~Message() {
    std::cout << text_.str() << what_ << " " << more_.str() << std::endl;
    if (failure_)
      ++state().failures;
    else
      state().skipped = true;
  }
  template <class T>
  Message& operator<<(const T& value) {
    more_ << shown(value);
    return *this;
  }

 private:
  bool failure_;
  std::string what_;
  std::ostringstream text_, more_;
};
struct Returns {
  void operator=(const Message&) const {}
};

template <class A, class B, class Compare>
std::string compared(const A& a, const B& b, const char* text_a, const char* sign, const char* text_b,
                     const Compare& compare) {
  if (compare(a, b)) return "";
  return std::string("expected ") + text_a + " " + sign + " " + text_b + ", found " + shown(a) + " and " +
         shown(b);
}

}  // namespace testing

#define TEST(suite, name)                                                                             \
  static void suite##_##name##_body();                                                                \
  static const testing::Registered suite##_##name##_registered(#suite, #name, suite##_##name##_body); \
  static void suite##_##name##_body()

#define PODSCALE_CHECK_(react, text)                     \
  if (const std::string found_ = (text); found_.empty()) \
    ;                                                    \
  else                                                   \
    react testing::Message(__FILE__, __LINE__, found_)
#define PODSCALE_COMPARE_(react, a, sign, b)                     \
  PODSCALE_CHECK_(react, (testing::compared(a, b, #a, #sign, #b, \
                                            [](const auto& x_, const auto& y_) { return x_ sign y_; })))
#define PODSCALE_TRUE_(react, a, expected) \
  PODSCALE_CHECK_(react,                   \
                  static_cast<bool>(a) == expected ? std::string() : std::string("expected otherwise: " #a))
#define PODSCALE_NEAR_(react, a, b, by)                                                       \
  PODSCALE_CHECK_(react, (testing::compared(a, b, #a, "near", #b, [&](double x_, double y_) { \
                    return std::abs(x_ - y_) <= (by);                                         \
                  })))

#define EXPECT_EQ(a, b) PODSCALE_COMPARE_(, a, ==, b)
#define EXPECT_NE(a, b) PODSCALE_COMPARE_(, a, !=, b)
#define EXPECT_LT(a, b) PODSCALE_COMPARE_(, a, <, b)
#define EXPECT_LE(a, b) PODSCALE_COMPARE_(, a, <=, b)
#define EXPECT_GT(a, b) PODSCALE_COMPARE_(, a, >, b)
#define EXPECT_GE(a, b) PODSCALE_COMPARE_(, a, >=, b)
#define EXPECT_TRUE(a) PODSCALE_TRUE_(, a, true)
#define EXPECT_FALSE(a) PODSCALE_TRUE_(, a, false)
#define EXPECT_NEAR(a, b, by) PODSCALE_NEAR_(, a, b, by)
#define ASSERT_EQ(a, b) PODSCALE_COMPARE_(return testing::Returns() =, a, ==, b)
#define ASSERT_GT(a, b) PODSCALE_COMPARE_(return testing::Returns() =, a, >, b)
#define ASSERT_TRUE(a) PODSCALE_TRUE_(return testing::Returns() =, a, true)
#define FAIL() return testing::Returns() = testing::Message(__FILE__, __LINE__, "failed:")
#define GTEST_SKIP() return testing::Returns() = testing::Message(__FILE__, __LINE__, "skipped:", false)
