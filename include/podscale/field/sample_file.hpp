#pragma once
// The steps of a series in a NetCDF file, with CF's bounds: the one place that reads and writes
// them.

#include "podscale/core/sample_axis.hpp"
#include "podscale/core/sample_layout.hpp"
#include "podscale/file/netcdf_file.hpp"

namespace podscale {

/// Collective on the file. What its time variable says. Error(data): not CF, or a climatology
/// (steps that are statistics over many years). Bounds that cannot be meant are left out; doubt
/// then says why, and what to do.
SampleAxis read_samples(const NetcdfFile& file, const std::string& time, std::string& doubt);
/// The same of `time`; a doubt is a warning.
SampleAxis read_samples(const NetcdfFile& file);

/// Collective on the file, before end_definitions(). Dimension and variable time, of unlimited
/// length, and time_bnds where all steps have an interval. chunk: steps stored together.
/// Forecasts: forecast_reference_time and forecast_period; realizations: realization; scalar where
/// all steps have the same, else along time.
void define_samples(NetcdfFile& file, const SampleAxis& axis, std::size_t chunk = 512);
/// Not collective. Names of the coordinates beside time that define_samples() makes, for the
/// attribute "coordinates" of fields; "": none.
std::string further_coordinates(const SampleAxis& axis);
/// Collective on comm, the communicator of the file, after end_definitions(). Rank 0's values are
/// written.
void write_samples(const Communicator& comm, NetcdfFile& file, const SampleAxis& axis);

/// The same of samples along several axes. Plain ones: as define_samples(). Realizations: a
/// dimension `realization` behind time. Runs that overlap: dimensions forecast_reference_time and
/// forecast_period, in days, and time along both, missing where a run has no such lead.
void define_samples(NetcdfFile& file, const SampleLayout& layout);
void write_samples(const Communicator& comm, NetcdfFile& file, const SampleLayout& layout);
/// Not collective. Names of the dimensions of a field, the first of its shape.
std::vector<std::string> sample_dimensions(const SampleLayout& layout);
/// Not collective. As further_coordinates(axis).
std::string further_coordinates(const SampleLayout& layout);

}  // namespace podscale
