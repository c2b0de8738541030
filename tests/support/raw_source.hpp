#pragma once
// What tests of CfSource begin with: a file that rank 0 writes, opened by all.

#include "on_all_ranks.hpp"
#include "podscale/field/cf_source.hpp"
#include "raw_file.hpp"

namespace podscale::test {

class RawSource : public OnAllRanks {
 protected:
  CfSpec spec;

  /// Collective.
  CfSource open(const RawFile& file, const std::string& name = "a.nc") {
    write_raw(comm, scratch / name, file);
    spec.files = {scratch / name};
    return CfSource::open(comm, spec);
  }
  /// Collective. The error names the file and holds all parts.
  void refuse(const RawFile& file, std::vector<std::string> parts) {
    parts.push_back("bad.nc");
    expect_error(ExitCode::data, parts, [&] { open(file, "bad.nc"); });
  }
};

}  // namespace podscale::test
