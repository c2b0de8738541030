#pragma once
// One move-only owner for the objects of C libraries.

#include <utility>

namespace podscale {

/// Owns `value` and calls Close(&value) (PETSc, SLEPc style) once. The destructor never throws;
/// call close() where the status matters.
template <class T, auto Close>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      value_ = std::exchange(other.value_, T{});
    }
    return *this;
  }
  ~Handle() { close(); }

  T get() const { return value_; }
  T* out() { return &value_; }  ///< for XCreate(..., handle.out())
  explicit operator bool() const { return value_ != T{}; }
  /// Returns the library's status; 0 when there was nothing to close.
  int close() noexcept { return value_ != T{} ? static_cast<int>(Close(&value_)) : 0; }

 private:
  T value_{};
};

}  // namespace podscale
