#pragma once
// Reading files alone: windows of the mesh, which may lie across the cut of the file's longitudes
// or upside down. Private to src/field.

#include <deque>
#include <span>

#include "cf_variable.hpp"
#include "podscale/core/units.hpp"
#include "podscale/mesh/mesh.hpp"
#include "survey.hpp"

namespace podscale {

/// How one file holds the mesh.
struct FileLayout {
  CfVariable variable;
  bool flip_y = false, flip_x = false;
  idx_t turn = 0;
  long file_nx = 0;
  UnitConversion conversion;  ///< of unpacked values
  Chunks chunks;
  long element = 0;  ///< along the further dimension
  long run = 0, realization = 0;
};

/// Not collective; the file must be this process's own (opened on Communicator::self()). Steps
/// first..first+steps-1 of the file (ignored by variables without time) -> out
/// [steps][window.ny][window.nx], NaN where missing. Rows are cut along stored chunks: each chunk
/// that the window meets is inflated once, or twice where a window that wraps meets it on both
/// sides. Returns the number of chunks.
long read_window(const NetcdfFile& file, const FileLayout& layout, const Mesh& mesh, const Window& window,
                 long first, long steps, std::span<float> out);

/// The files of a survey, opened when they are needed, a few at a time: a series may have
/// thousands. Not collective.
class FileReader {
 public:
  /// missing: numbers that mean it beside those that the files name, unpacked. further, element: a
  /// dimension of which one element is read ("" = none).
  FileReader(const Survey& survey, std::vector<double> missing, const std::string& further, long element)
      : survey_(&survey), missing_(std::move(missing)), further_(further), element_(element) {}
  /// As read_window, from step `first` of a file of the survey on.
  void read(const FileStep& first, long steps, const Window& window, std::span<float> out);
  long chunks_read() const { return chunks_read_; }

 private:
  struct OpenFile {
    long number;
    NetcdfFile file;
    FileLayout layout;
  };
  OpenFile& open(long number);

  const Survey* survey_;
  std::vector<double> missing_;
  std::string further_;
  long element_;
  Communicator self_ = Communicator::self();
  std::deque<OpenFile> open_;  // the latest last
  long chunks_read_ = 0;
};

}  // namespace podscale
