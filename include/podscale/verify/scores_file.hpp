#pragma once
// scores.nc: totals, series, maps and the fields of one picture day, as CF NetCDF that the picture
// script draws from.

#include <span>
#include <string>
#include <vector>

#include "podscale/core/sample_axis.hpp"
#include "podscale/verify/held_rows.hpp"
#include "podscale/verify/score_accumulator.hpp"

namespace podscale {

/// What a product says of one point over some times, in the units of the product; NaN where
/// missing.
struct PointSeries {
  idx_t point = -1;         ///< of the mesh; -1: none
  std::vector<long> times;  ///< of the period
  std::vector<double> mean, half_width, truth, interpolated;  ///< half_width: of the central 90 % interval
};

/// Fields of one time on the HR mesh, [ny*nx] in the units of the product, NaN where missing;
/// deviation may be empty (no variance).
struct PictureFields {
  long time = -1;  ///< of the period; -1: no picture
  std::vector<float> low_resolution, mean, truth, deviation;
  std::vector<std::vector<float>> members{};  ///< some
  PointSeries series{};
};

struct ScoresFileContents {
  const ScoreAccumulator* scores = nullptr;  ///< after reduce()
  SampleAxis times;                            ///< of the period
  PictureFields picture;
  std::string long_name;                    ///< "sea surface temperature"
  std::string product;                      ///< path of what was verified
  std::string reference;                    ///< what it was verified against, in words
  std::string namelist;                     ///< effective values
  std::vector<ScoreSection> sections = {};  ///< more scores: histograms, spectra, differences
  const Communicator* comm = nullptr;       ///< none: this rank alone, which has all rows
  const HeldRows* rows = nullptr;           ///< of the maps and the mask, with comm
};

/// Collective on comm: rank 0, which needs all else but the maps, writes a small file, to a
/// temporary name that is renamed when complete. Maps come to it one after the other. Layout:
/// system (flag_meanings are the names); per system rmse, mae, ...,
/// coverage(system, probability); the same per time as rmse_series(time, system), ...; rmse_map,
/// bias_map, deviation_map(system, lat, lon); ocean_mask(lat, lon); picture_low_resolution,
/// picture_mean, picture_truth, picture_deviation(lat, lon) with the scalar picture_time, and
/// picture_member(picture_member_number, lat, lon); point_mean(point_time) and so on at
/// point_position; the axes and variables of every section. Missing: _FillValue. On other meshes
/// than rectilinear ones dimensions and coordinates are those of write_mesh(). Errors: io.
void write_scores(const std::string& path, const ScoresFileContents& contents);

}  // namespace podscale
