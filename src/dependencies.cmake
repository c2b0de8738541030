# What podscale links: for its own build, and for who links it (podscaleConfig.cmake includes this
# file, too).
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI 3.1 REQUIRED COMPONENTS C CXX)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SLEPC REQUIRED IMPORTED_TARGET SLEPc>=3.18)
pkg_check_modules(PETSC REQUIRED IMPORTED_TARGET PETSc>=3.18)
pkg_search_module(HDF5 REQUIRED IMPORTED_TARGET hdf5-openmpi hdf5-mpi hdf5)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
if(PODSCALE_NETWORK)
  find_package(Torch 1.13 REQUIRED)
endif()

# The .pc file and the CMake package of NetCDF name the serial library: look for the parallel one by
# its header.
find_path(NETCDF_PAR_INCLUDE_DIR netcdf_par.h
          HINTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/netcdf/mpi/include REQUIRED)
find_library(NETCDF_PAR_LIBRARY NAMES netcdf_mpi netcdf REQUIRED)
add_library(podscale::netcdf INTERFACE IMPORTED)
target_include_directories(podscale::netcdf SYSTEM INTERFACE ${NETCDF_PAR_INCLUDE_DIR})
target_link_libraries(podscale::netcdf INTERFACE ${NETCDF_PAR_LIBRARY} PkgConfig::HDF5 MPI::MPI_C)
find_path(UDUNITS2_INCLUDE_DIR udunits2.h PATH_SUFFIXES udunits2 REQUIRED)
find_library(UDUNITS2_LIBRARY udunits2 REQUIRED)
add_library(podscale::udunits2 INTERFACE IMPORTED)
target_include_directories(podscale::udunits2 SYSTEM INTERFACE ${UDUNITS2_INCLUDE_DIR})
target_link_libraries(podscale::udunits2 INTERFACE ${UDUNITS2_LIBRARY})
