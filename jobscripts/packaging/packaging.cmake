# What a system package holds beside the programs: man pages and bash completion, made from --help and
# the table of keys by the target `documents` (not part of `all`: it starts every program), and the
# Debian package of the programs (doc/install.md).
set(documents ${PROJECT_BINARY_DIR}/documents)
get_property(programs DIRECTORY ${PROJECT_SOURCE_DIR}/drivers PROPERTY BUILDSYSTEM_TARGETS)
list(FILTER programs INCLUDE REGEX "^podscale-")
add_custom_target(documents
  COMMAND ${PROJECT_SOURCE_DIR}/jobscripts/packaging/documents.sh ${PROJECT_BINARY_DIR}/bin ${documents}
  DEPENDS ${programs} VERBATIM)
install(DIRECTORY ${documents}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT programs OPTIONAL)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/namelists DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)
install(FILES ${PROJECT_SOURCE_DIR}/jobscripts/packaging/copyright
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT programs)

# cpack -G DEB in the build folder: the programs alone. Who builds against the library installs it by
# `cmake --install`, or by Spack.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME podscale)
set(CPACK_PACKAGE_VENDOR "The podscale authors")
set(CPACK_PACKAGE_CONTACT "The podscale authors <podscale@invalid.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL programs)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME podscale)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # libraries, as dpkg-shlibdeps finds them
set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_RECOMMENDS "python3-matplotlib, python3-netcdf4")  # pictures
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "From a low-resolution series podscale makes high-resolution fields of any ocean or climate variable\n\
with their uncertainty: patchwise orthogonal modes, a linear-Gaussian base, and a network over the\n\
patches. Input and output are CF NetCDF; the programs run under MPI.")
include(CPack)
