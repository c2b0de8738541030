#include "kept_unit.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <numeric>

#include "podscale/core/error.hpp"
#include "podscale/file/output_file.hpp"
#include "podscale/file/seal.hpp"

namespace podscale {
namespace {

constexpr long kMark = 0x31'74696e75'706b;  // of a unit, format 1
constexpr long kEndOfBlock = -1;

}  // namespace

std::size_t KeptSlab::values() const {
  return std::accumulate(count.begin(), count.end(), std::size_t{1}, std::multiplies<>());
}

UnitWriter::UnitWriter(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wbxe")) {
  good_ = file_ != nullptr;
  put(kMark);
}

UnitWriter::~UnitWriter() {
  file_.reset();
  if (!path_.empty()) unlink(path_.c_str());
}

void UnitWriter::put(const void* data, std::size_t bytes) {
  good_ = good_ && (bytes == 0 || std::fwrite(data, 1, bytes, file_.get()) == bytes);
}

void UnitWriter::begin_block(long block) {
  put(block);
}

void UnitWriter::add(const KeptSlab& slab, const void* values) {
  put(slab.width);
  put(slab.file);
  put(std::ssize(slab.variable));
  put(slab.variable.data(), slab.variable.size());
  put(std::ssize(slab.start));
  for (const auto* sizes : {&slab.start, &slab.count})
    for (const std::size_t size : *sizes) put(static_cast<long>(size));
  put(values, slab.values() * static_cast<std::size_t>(slab.width));
}

void UnitWriter::end_block() {
  put(kEndOfBlock);
}

bool UnitWriter::finish(const std::string& path) {
  if (!file_) return false;
  good_ = std::fclose(file_.release()) == 0 && good_;
  if (!good_) return false;
  try {
    seal_file(Communicator::self(), path_);
    flush_to_disk(path_, path);
  } catch (const Error&) {
    return good_ = false;
  }
  if (rename(path_.c_str(), path.c_str()) != 0) return good_ = false;
  path_.clear();
  return true;
}

UnitReader::UnitReader(const std::string& path) : path_(path) {
  if (!check_seal(Communicator::self(), path)) damaged();
  file_.reset(std::fopen(path.c_str(), "rbe"));
  if (!file_) fail(ExitCode::io, "{}: cannot be read: {}", path, std::strerror(errno));
  const auto seek = [&](long offset, int from) {
    if (std::fseek(file_.get(), offset, from) != 0)
      fail(ExitCode::io, "{}: cannot be read: {}", path, std::strerror(errno));
  };
  seek(0, SEEK_END);
  const long all = std::ftell(file_.get()), end = all - seal_bytes();
  seek(0, SEEK_SET);
  if (number() != kMark) damaged();
  while (std::ftell(file_.get()) < end) {
    const long block = number();
    if (blocks_.empty()) first_ = block;
    if (block != last() + 1) damaged();
    auto& slabs = blocks_.emplace_back();
    for (long width = number(); width != kEndOfBlock; width = number()) {
      KeptSlab slab;
      slab.width = width;
      slab.file = number();
      slab.variable.resize(size(all));
      get(slab.variable.data(), slab.variable.size());
      slab.start.resize(size(1024));
      slab.count.resize(slab.start.size());
      for (auto* sizes : {&slab.start, &slab.count})
        for (std::size_t& one : *sizes) one = static_cast<std::size_t>(number());
      if (slab.width != 4 && slab.width != 8) damaged();
      slab.position = std::ftell(file_.get());
      if (slab.values() > static_cast<std::size_t>(all)) damaged();
      seek(static_cast<long>(slab.values()) * slab.width, SEEK_CUR);
      slabs.push_back(std::move(slab));
    }
  }
}

void UnitReader::damaged() const {
  fail(ExitCode::data, "{}: damaged", path_);
}

void UnitReader::get(void* data, std::size_t bytes) {
  if (bytes > 0 && std::fread(data, 1, bytes, file_.get()) != bytes) damaged();
}

long UnitReader::number() {
  long value = 0;
  get(&value, sizeof value);
  return value;
}

std::size_t UnitReader::size(long most) {
  const long value = number();
  if (value < 0 || value > most) damaged();
  return static_cast<std::size_t>(value);
}

const std::vector<KeptSlab>& UnitReader::slabs(long block) const {
  if (block < first_ || block > last()) damaged();
  return blocks_[static_cast<std::size_t>(block - first_)];
}

void UnitReader::read(const KeptSlab& slab, void* values) {
  const std::size_t bytes = slab.values() * static_cast<std::size_t>(slab.width);
  if (std::fseek(file_.get(), slab.position, SEEK_SET) != 0 ||
      (bytes > 0 && std::fread(values, 1, bytes, file_.get()) != bytes))
    fail(ExitCode::io, "{}: cannot be read: {}; run again", path_, std::strerror(errno));
}

}  // namespace podscale
