#pragma once
// One file of kept blocks: the hyperslabs that one rank put, in order; private to kept_blocks.cpp.
// Not collective, all of it.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace podscale {

/// Of one put; values follow in the file.
struct KeptSlab {
  long width = 4;  ///< bytes of a value: float or double
  long file = 0;   ///< number among the files of the run
  std::string variable{};
  std::vector<std::size_t> start{}, count{};
  long position = 0;  ///< of the values in the unit
  std::size_t values() const;
};

class UnitWriter {
 public:
  /// Whatever fails, here and later, is told by good() alone.
  explicit UnitWriter(const std::string& path);
  void begin_block(long block);
  void add(const KeptSlab& slab, const void* values);
  void end_block();
  bool good() const { return good_; }
  /// Closes, seals, flushes and renames it. Returns whether all went well.
  bool finish(const std::string& path);
  ~UnitWriter();  ///< removes the file, unless finished

 private:
  void put(const void* data, std::size_t bytes);
  void put(long number) { put(&number, sizeof number); }
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  bool good_ = false;
};

class UnitReader {
 public:
  /// Reads what the blocks hold, without values. Errors: data (damaged: checked against its seal
  /// first), io.
  explicit UnitReader(const std::string& path);
  /// In the order of the puts. Errors: data where the unit lacks the block.
  const std::vector<KeptSlab>& slabs(long block) const;
  /// Bytes of a slab. Errors: io.
  void read(const KeptSlab& slab, void* values);
  long first() const { return first_; }
  long last() const { return first_ + static_cast<long>(blocks_.size()) - 1; }

 private:
  long number();
  std::size_t size(long most);
  void get(void* data, std::size_t bytes);
  [[noreturn]] void damaged() const;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  long first_ = 0;
  std::vector<std::vector<KeptSlab>> blocks_;
};

}  // namespace podscale
