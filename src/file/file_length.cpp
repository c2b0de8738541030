#include "file_length.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "podscale/core/error.hpp"

namespace podscale {
namespace {

/// Numbers of a header, one after the other. NetCDF-3 has the highest byte first, HDF5 the lowest.
class Header {
 public:
  explicit Header(const std::string& path)
      : path_(path), file_(path, std::ios::binary), size_(std::filesystem::file_size(path)) {}
  std::uint64_t size() const { return size_; }
  std::string bytes(std::uint64_t count) {
    if (count > size_) cut_off();
    std::string text(count, '\0');
    if (!file_.read(text.data(), static_cast<std::streamsize>(count))) cut_off();
    return text;
  }
  std::uint64_t number(std::size_t count, bool highest_first = true) {
    std::string text = bytes(count);
    if (!highest_first) std::reverse(text.begin(), text.end());
    std::uint64_t value = 0;
    for (const char c : text) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  /// What the library would take memory for, or take for a number of another list.
  [[noreturn]] void damaged(const std::string& what, std::uint64_t found, const std::string& expected) const {
    fail(ExitCode::data, "{}: its header is damaged: {} {}, expected {}; fetch or make the file again", path_,
         what, found, expected);
  }
  void skip(std::uint64_t count) {
    if (count > size_ || !file_.seekg(static_cast<std::streamoff>(count), std::ios::cur)) cut_off();
  }

 private:
  [[noreturn]] void cut_off() const {
    fail(ExitCode::data,
         "{}: is truncated: its {} bytes end inside its header; expected a complete file: fetch it again",
         path_, size_);
  }
  std::string path_;
  std::ifstream file_;
  std::uint64_t size_;
};

std::uint64_t padded(std::uint64_t bytes) {
  return bytes > UINT64_MAX - 3 ? bytes : (bytes + 3) / 4 * 4;
}

/// The largest number in place of one that is too large.
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? UINT64_MAX : result;
}
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? UINT64_MAX : result;
}

/// The format is in the NetCDF User's Guide, appendix "File format specifications".
class Classic {
 public:
  Classic(Header& header, int version)
      : header_(header), wide_(version == 5 ? 8 : 4), offset_(version == 1 ? 4 : 8) {}

  std::uint64_t length() {
    const std::uint64_t records = header_.number(wide_);
    const bool streaming = records == (wide_ == 8 ? UINT64_MAX : UINT32_MAX);  // length unknown when written
    std::vector<std::uint64_t> dims;                                           // their lengths
    std::uint64_t unlimited = 0;
    for (std::uint64_t n = list(kDimensions); n > 0; --n) {
      name();
      dims.push_back(header_.number(wide_));
      if (dims.back() == 0 && ++unlimited > 1) header_.damaged("unlimited dimensions:", unlimited, "one");
    }
    attributes();
    std::uint64_t end = 0, record = 0, record_end = 0, record_variables = 0, unpadded = 0;
    for (std::uint64_t n = list(kVariables); n > 0; --n) {
      name();
      std::uint64_t values = 1;
      bool is_record = false;
      const std::uint64_t rank = header_.number(wide_);
      if (rank > kMostDims) header_.damaged("a variable of so many dimensions:", rank, "at most 1024");
      for (std::uint64_t d = 0; d < rank; ++d) {
        const std::uint64_t dim = header_.number(wide_);
        if (dim >= dims.size())
          header_.damaged("a variable over dimension number", dim, fmt::format("one below {}", dims.size()));
        if (dims[dim] == 0 && d > 0)
          header_.damaged("the unlimited dimension in place", d + 1, "the first place");
        if (dims[dim] == 0)
          is_record = true;
        else
          values = product(values, dims[dim]);
      }
      attributes();
      const std::uint64_t bytes = product(values, type_size());
      header_.number(wide_);  // vsize: redundant, and too small for what is large
      const std::uint64_t begin = header_.number(offset_);
      if (!is_record) {
        end = std::max(end, sum(begin, bytes));
        continue;
      }
      record = sum(record, padded(bytes));
      unpadded = bytes;
      record_end = std::max(record_end, sum(begin, bytes));
      ++record_variables;
    }
    if (record_variables == 1) record = unpadded;  // a single record variable is not padded
    if (record_variables > 0 && records > 0 && !streaming)
      end = std::max(end, sum(record_end, product(records - 1, record)));
    return end;
  }

 private:
  static constexpr std::uint64_t kDimensions = 10, kVariables = 11, kAttributes = 12;  // tags of the lists
  static constexpr std::uint64_t kMostDims = 1024, kLongestName = 1024;

  std::uint64_t list(std::uint64_t tag) {  // the tag is 0 where there are none
    const std::uint64_t found = header_.number(4), count = header_.number(wide_);
    if (found != tag && (found != 0 || count != 0))
      header_.damaged("a list of kind", found, fmt::format("{}", tag));
    constexpr std::uint64_t smallest = 8;  // bytes of an entry
    if (count > header_.size() / smallest)
      header_.damaged("a list of so many entries:", count, "what fits into the file");
    return count;
  }
  void name() {
    const std::uint64_t length = header_.number(wide_);
    if (length > kLongestName) header_.damaged("a name of so many bytes:", length, "at most 1024");
    header_.skip(padded(length));
  }
  void attributes() {
    for (std::uint64_t n = list(kAttributes); n > 0; --n) {
      name();
      const std::uint64_t size = type_size();
      header_.skip(padded(product(size, header_.number(wide_))));
    }
  }
  std::uint64_t type_size() {  // byte, char, short, int, float, double; of CDF-5
    constexpr std::uint64_t sizes[] = {1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};
    const std::uint64_t type = header_.number(4), types = wide_ == 8 ? std::size(sizes) : 6;
    if (type < 1 || type > types) header_.damaged("values of type", type, fmt::format("1 to {}", types));
    return sizes[type - 1];
  }
  Header& header_;
  std::size_t wide_, offset_;
};

}  // namespace

std::optional<std::uint64_t> promised_length(const std::string& path) {
  Header header(path);
  if (header.size() < 8) return std::nullopt;
  const std::string start = header.bytes(4);
  if (start.starts_with("CDF")) {
    const int version = static_cast<unsigned char>(start[3]);
    if (version != 1 && version != 2 && version != 5) return std::nullopt;
    return Classic(header, version).length();
  }
  if (start != "\x89HDF") return std::nullopt;  // or in a block of the user's own: left to the library
  header.skip(4);
  const std::uint64_t version = header.number(1);
  // Version 0 and 1 have more before the addresses, 2 and 3 less: base, another, end of file.
  const std::uint64_t sizes_at = version < 2 ? 4 : 0, before = version == 0 ? 10 : version == 1 ? 14 : 2;
  header.skip(sizes_at);
  if (version > 3 || header.number(1) != 8) return std::nullopt;
  header.skip(before);
  const std::uint64_t base = header.number(8, false);
  header.skip(8);
  return base + header.number(8, false);
}

void require_whole(const std::string& path) {
  const std::uint64_t found = std::filesystem::file_size(path);
  const auto promised = promised_length(path);
  if (promised && found < *promised)
    fail(ExitCode::data,
         "{}: is truncated: it has {} bytes, shorter than the {} that its header promises; fetch it again",
         path, found, *promised);
}

}  // namespace podscale
