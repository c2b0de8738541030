#pragma once
// One variable of a list of CF NetCDF files, joined along time, read by hyperslab.

#include <memory>
#include <string>
#include <vector>

#include "podscale/field/field_source.hpp"

namespace podscale {

struct CfSpec {
  std::string label;               ///< "HR" or "LR" or "truth", for messages
  std::vector<std::string> files;  ///< paths and globs; joined and sorted by time
  std::string variable;            ///< "" = the only variable with time, latitude and longitude
  std::string mask_file;      ///< optional land mask: "" = the first series file when mask_variable is set
  std::string mask_variable;  ///< "" = the only one of mask_file; without that the mask follows from the data
  std::vector<double> mask_ocean_values;      ///< that mean ocean; empty: what the attributes of the mask say
  std::optional<std::string> units{};         ///< working units; nullopt: those of the first file
  std::string units_of = "the namelist";      ///< who asks for them, for messages
  std::optional<PlausibleRange> plausible{};  ///< in working units
  double mask_threshold = 0.5;    ///< share of sea from which a point of a mask of shares is ocean
  Mesh mesh{};                    ///< the one expected: a periodic mesh that begins elsewhere is turned to it
  std::vector<double> missing{};  ///< numbers that mean it, unpacked, beside the files' own
  bool skip_others = false;       ///< files that lack the variable are not part of the series
  Stamp stamp = Stamp::automatic;    ///< where steps are stamped, in place of what the files say
  std::string average{};             ///< "day" or "month": see open_series
  std::string further{};             ///< a dimension that may have several elements: see element()
  bool several = false;              ///< realizations, and runs that overlap, are welcome: see strands_of
  std::vector<long> realizations{};  ///< those that are read; empty: all
  std::vector<double> leads{};       ///< shortest and longest lead that is read, days; empty: all
  bool member_files = false;         ///< each file is a realization: 1, 2, 3 ... in the order of the list
  bool has_mask() const { return !mask_file.empty() || !mask_variable.empty(); }
};

/// Memory in which sources keep the fields that they have read, each rank its part: whatever is
/// read again then comes from there. All ranks count alike what each of them holds.
class FieldCache {
 public:
  /// Not collective. bytes: the most that a rank keeps, of all sources that share the cache.
  FieldCache(std::size_t bytes, int ranks) : bytes_(bytes), used_(static_cast<std::size_t>(ranks), 0) {}
  bool take(int rank, std::size_t bytes) {
    std::size_t& used = used_[rank];
    if (bytes > bytes_ - used) return false;
    used += bytes;
    return true;
  }
  void give_back(int rank, std::size_t bytes) { used_[rank] -= bytes; }

 private:
  std::size_t bytes_;
  std::vector<std::size_t> used_;
};

/// Collective on the communicator given to open (pass Communicator::self() for a rank's private
/// access). Packed integers, _FillValue and missing_value, valid_min/max/range (ignored with a
/// warning where inverted), any units that convert to the working ones; singleton level axes;
/// latitude and longitude as axes in either direction, -180..180 or 0..360, or of two dimensions;
/// y and x of a projection; rows and columns of an image. Errors: no_input (missing file, glob
/// without a match), data (not NetCDF, wrong variable, unstructured grid, time that is not CF,
/// meshes that differ between files, a time that occurs twice, no time at all, units that don't
/// convert, several realizations or runs that overlap unless spec.several).
///
/// Reading is dealt over the ranks: each stored chunk that some rank needs is read, inflated and
/// unpacked by one of them, alone, and one MPI_Alltoallv takes the values to the ranks that asked.
/// Within a read no file or attribute is met by two ranks together; an error of one reader is the
/// error of all.
///
/// With a cache, the reader keeps what it has read, as the region that the ranks together asked
/// for. Later reads, of any window in it and by any rank, need the messages alone. What does not
/// fit is read again.
class CfSource final : public FieldSource {
 public:
  static CfSource open(const Communicator& comm, const CfSpec& spec,
                       std::shared_ptr<FieldCache> cache = nullptr);
  CfSource(CfSource&&) noexcept;
  CfSource& operator=(CfSource&&) noexcept;
  ~CfSource() override;

  const Communicator& comm() const override;
  const Mesh& mesh() const override;
  const SampleAxis& times() const override;
  const std::vector<Variable>& variables() const override;
  std::string describe() const override;
  std::string where(long step, idx_t channel) const override;
  /// Error(data) where a value is infinite, or all that a call brings from a file are outside the
  /// plausible range (wrong units).
  void read(const Window& window, std::span<const long> steps, std::span<float> out) const override;
  std::vector<unsigned char> land_mask(const Window& window) const override;

  const std::vector<std::string>& files() const;  ///< in order of time
  long elements() const;                          ///< along the dimension spec.further; 1 without it
  /// Not collective. The same series of another element of that dimension; open() gives the first.
  CfSource element(long index) const;
  /// Not collective. Chunks that this rank has inflated so far: each counts once every time.
  long chunks_read() const;

 private:
  struct State;
  explicit CfSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace podscale
