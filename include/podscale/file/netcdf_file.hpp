#pragma once
// NetCDF through the parallel NetCDF-C library: a file that is collective on its communicator, by
// hyperslab.

#include <netcdf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "podscale/parallel/communicator.hpp"

namespace podscale {

struct VariableInfo {
  int id = -1;
  nc_type type = NC_NAT;
  std::vector<std::string> dims;
  std::vector<std::size_t> shape;
};

struct VariableOptions {
  std::vector<std::size_t> chunks;  ///< empty: the library's choice
  int deflate = 0;                  ///< 0..9, with shuffle; the level of zstd where that is asked for
  std::optional<double> fill;       ///< _FillValue
  bool zstd = false;                ///< Error(io) where the library lacks the filter: zstd_available()
  int significant_bits = 0;         ///< kept of a number, by NetCDF's BitRound; 0: all
};

/// Not collective. Whether this machine's HDF5 has the Zstandard filter (32015) to write with.
bool zstd_available();

class NetcdfFile;

/// Is told of every put of this rank into a file, also of empty ones. See KeptBlocks.
class PutListener {
 public:
  virtual ~PutListener() = default;
  virtual void put(const NetcdfFile& file, const std::string& variable, const std::vector<std::size_t>& start,
                   const std::vector<std::size_t>& count, std::span<const float> values) = 0;
  virtual void put(const NetcdfFile& file, const std::string& variable, const std::vector<std::size_t>& start,
                   const std::vector<std::size_t>& count, std::span<const double> values) = 0;
};

/// Move-only. All calls are collective on the communicator given to open/create (which must
/// outlive the file) unless said otherwise, with the same arguments but for start/count/data. An
/// error of the library becomes Error(io) in writing and Error(data) in reading, unless the system
/// names a cause (io); a missing file Error(no_input), one that is not NetCDF Error(data). Every
/// message names the file and the variable; ranks agree on the error before it
/// is thrown.
class NetcdfFile {
 public:
  /// Collective on comm. Reads NetCDF-3 and NetCDF-4; a file that carries a seal is checked
  /// against it, unless the caller knows that it was (check = false; sealed() is false then).
  /// Every rank has a serial handle of its own: collective reads through MPI-IO return wrong
  /// values in Open MPI 4.1.4 (measured) where the hyperslabs of ranks overlap (open-mpi/ompi
  /// issue 10546), and the serial path is faster on compressed files.
  static NetcdfFile open(const Communicator& comm, const std::string& path, bool check = true);
  /// Writes an OutputFile (NetCDF-4, parallel, no prefill): nothing appears under `path` before
  /// commit(), and no other run writes it. Where the disk lacks the room, the call that would fill
  /// it throws Error(io). A write that fails all the same ends the run with one line and
  /// MPI_Abort: the ranks cannot agree then.
  static NetcdfFile create(const Communicator& comm, const std::string& path);
  NetcdfFile(NetcdfFile&&) noexcept;
  NetcdfFile& operator=(NetcdfFile&&) noexcept;
  /// Not collective. Rank 0 removes an uncommitted temporary file. Closing it would be collective,
  /// and the other ranks may be elsewhere: with more than one rank it stays open for
  /// abandon_all().
  ~NetcdfFile();
  /// For the files that were destroyed without commit(). close: collective, where all ranks threw
  /// the same error, which was not one of writing; closes them. Otherwise not collective: removes
  /// their temporaries and leaves them open, so the process must end without MPI_Finalize, in
  /// which HDF5 would close them. Returns whether none is left open.
  static bool abandon_all(bool close);

  const std::string& path() const { return path_; }
  /// Not collective. Whether the file that was opened carries a seal (which open() has checked):
  /// see seal.hpp.
  bool sealed() const;
  /// Collective. Warns of a product of podscale that lost its seal.
  void warn_of_changes() const;

  // What the file holds. `variable` = "" means the global attributes.
  bool has_variable(const std::string& name) const;      ///< not collective
  VariableInfo variable(const std::string& name) const;  ///< Error(data) that lists the variables if missing
  std::vector<std::string> variable_names() const;       ///< not collective
  std::string contents() const;  ///< not collective; variables and groups, for messages
  /// Collective, before memory is taken. Error(data) where a variable of such a shape, or one of
  /// its chunks, is more than a file of this size can hold.
  void require_held(const std::string& variable, const std::vector<std::size_t>& shape) const;
  /// Not collective. Error(data) that names an HDF5 filter of the variable that is not installed.
  void require_filters(const std::string& variable) const;
  std::optional<std::size_t> dimension(const std::string& name) const;  ///< not collective
  std::optional<std::string> text(const std::string& variable, const std::string& attribute) const;
  std::optional<std::vector<double>> numbers(const std::string& variable, const std::string& attribute) const;
  /// Shape of the chunks that a variable is stored in; empty where it is stored in one piece.
  std::vector<std::size_t> chunks(const std::string& variable) const;

  /// Of a variable, in the order of the file.
  std::vector<std::string> attribute_names(const std::string& variable) const;
  /// nullopt when there is no such attribute.
  std::optional<nc_type> attribute_type(const std::string& variable, const std::string& attribute) const;

  // Definition of a new file.
  void define_dimension(const std::string& name, std::size_t size, bool unlimited = false);
  void define_variable(const std::string& name, nc_type type, const std::vector<std::string>& dims,
                       const VariableOptions& options = {});
  void put_text(const std::string& variable, const std::string& attribute, const std::string& value);
  void put_numbers(const std::string& variable, const std::string& attribute,
                   const std::vector<double>& values, nc_type type = NC_DOUBLE);
  void describe(const std::string& variable, const std::string& long_name,
                const std::string& units);  ///< "": no units
  void end_definitions();

  // Data: start and count per dimension; the element type is converted by the library. Zero counts
  // are legal and every rank must take part.
  void get(const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<float> out) const;
  void get(const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<double> out) const;
  void put(const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<const float> values);
  void put(const std::string& variable, const std::vector<std::size_t>& start,
           const std::vector<std::size_t>& count, std::span<const double> values);
  /// Not collective. nullptr: nobody listens. It must outlive the file, or be taken away.
  void set_listener(PutListener* listener);
  /// Not collective. Bytes that a new file takes at most, all its variables being written,
  /// uncompressed.
  std::uint64_t most_bytes() const;
  /// Whole variable, on every rank.
  std::vector<double> get_all(const std::string& variable) const;

  /// Closes the file, seals it and flushes it to the disk; only commit() is left to be done. Where
  /// several files belong together, all are completed before the first is committed.
  void complete();
  /// complete(), and renames the temporary file to `path`; the file can't be used afterwards.
  void commit();

 private:
  struct State;
  NetcdfFile(const Communicator& comm, std::string path);
  std::string path_;
  State* state_ = nullptr;
};

}  // namespace podscale
