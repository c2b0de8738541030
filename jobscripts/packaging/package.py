# Copyright The podscale authors
#
# SPDX-License-Identifier: Apache-2.0
"""Spack recipe, for Spack 1 (0.23 and older: without the import of CMakePackage).

`spack repo create FOLDER mine` makes a repository; this file is its packages/podscale/package.py.
`spack dev-build podscale@main` in a checkout builds what is there."""

from spack_repo.builtin.build_systems.cmake import CMakePackage, generator

from spack.package import *


class Podscale(CMakePackage):
    """Downscaling of climate and ocean fields with closed-form uncertainty: patchwise POD, a
    linear-Gaussian base and a Vision Transformer over the patches, under MPI."""

    license("Apache-2.0")

    # Give the address of your copy: spack dev-build needs none.
    version("main")

    variant("network", default=True, description="Build the network, which needs LibTorch")
    variant("images", default=True, description="Read and write pictures")
    variant("documents", default=True, description="Make man pages and bash completion")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("help2man", type="build", when="+documents")

    depends_on("mpi@3.1:")
    depends_on("petsc@3.18: +mpi ~complex +double")
    depends_on("slepc@3.18:")
    depends_on("hdf5@1.10: +mpi +hl")
    depends_on("netcdf-c@4.9: +mpi")
    depends_on("udunits@2.2:")
    depends_on("blas")
    depends_on("lapack")
    depends_on("fmt@8:")
    depends_on("spdlog@1.10: +fmt_external")
    depends_on("cli11@2.1:")
    depends_on("nanoflann@1.4:")
    depends_on("nlohmann-json@3.10:")
    depends_on("py-torch@1.13: ~cuda", when="+network")
    depends_on("zlib-api")
    with when("+images"):
        depends_on("libpng")
        depends_on("jpeg")
        depends_on("libtiff@4.5:")
    depends_on("python", type="run")
    depends_on("py-matplotlib", type="run")  # pictures
    depends_on("py-netcdf4", type="run")

    conflicts("%gcc@:11", msg="podscale is C++20: GCC 12 or Clang 14 and later")
    conflicts("%clang@:13", msg="podscale is C++20: GCC 12 or Clang 14 and later")

    generator("ninja")

    def cmake_args(self):
        args = [
            self.define_from_variant("PODSCALE_NETWORK", "network"),
            self.define_from_variant("PODSCALE_IMAGES", "images"),
            self.define("PODSCALE_TESTS", False),
        ]
        if self.spec.satisfies("+network"):
            # LibTorch has its CMake package inside the Python package.
            args.append(
                self.define(
                    "Torch_DIR",
                    join_path(self.spec["py-torch"].package.cmake_prefix_paths[0], "Torch"),
                )
            )
        return args

    @run_after("build")
    def make_documents(self):
        if self.spec.satisfies("+documents"):
            with working_dir(self.build_directory):
                ninja("documents")
