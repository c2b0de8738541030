#pragma once
// The picture: a Python script draws it from scores.nc, in a process of its own.

#include <string>

namespace podscale {

/// Not collective. Path of podscale_pictures.py: <folder of the program>/../share/podscale where
/// podscale is installed, else the source tree it was built from; "" where neither has it.
std::string picture_script();

/// Rank 0 only, and after MPI_Finalize: starting a process inside a live MPI is unsafe on some
/// networks. Runs `${PODSCALE_PYTHON:-/usr/bin/python3} script scores.nc picture.png` and waits
/// for it. The scores are there without the picture, so nothing here is an error: where Python,
/// matplotlib or netCDF4 is missing it warns, says what to install, and returns false.
bool draw_picture(const std::string& scores_path, const std::string& picture_path);

}  // namespace podscale
