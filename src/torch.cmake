# podscale::torch: LibTorch by its CMake package or, where PODSCALE_TORCH_FOLDER is given, by its
# libraries. A Torch that was built with CUDA has a CMake package that wants nvcc, which this code
# does not need; jobscripts/setup.sh torch2 installs such a one.
set(PODSCALE_TORCH_FOLDER "" CACHE PATH "Folder of the Python package torch, to link it by hand")
option(PODSCALE_TORCH_CUDA "Link the CUDA part of the torch in PODSCALE_TORCH_FOLDER, if it has one" ON)
add_library(podscale::torch INTERFACE IMPORTED)
if(PODSCALE_TORCH_FOLDER)
  if(NOT EXISTS ${PODSCALE_TORCH_FOLDER}/include/torch/csrc/api/include/torch/torch.h)
    message(FATAL_ERROR "PODSCALE_TORCH_FOLDER=${PODSCALE_TORCH_FOLDER} has no "
                        "include/torch/csrc/api/include/torch/torch.h: give the folder of the Python "
                        "package torch, or leave it out")
  endif()
  set(torch_include ${PODSCALE_TORCH_FOLDER}/include)
  target_include_directories(podscale::torch SYSTEM INTERFACE
                             ${torch_include} ${torch_include}/torch/csrc/api/include)
  target_link_directories(podscale::torch INTERFACE ${PODSCALE_TORCH_FOLDER}/lib)
  set(libraries c10 torch_cpu)
  if(PODSCALE_TORCH_CUDA AND EXISTS ${PODSCALE_TORCH_FOLDER}/lib/libtorch_cuda.so)
    list(APPEND libraries c10_cuda torch_cuda)
  endif()
  # Nothing calls libtorch_cuda by name: it registers itself, and must not be left out.
  target_link_options(podscale::torch INTERFACE -Wl,--no-as-needed -Wl,--allow-shlib-undefined
                      -Wl,-rpath,${PODSCALE_TORCH_FOLDER}/lib)
  target_link_libraries(podscale::torch INTERFACE ${libraries})
  target_compile_definitions(podscale::torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
else()
  find_package(Torch 1.13 REQUIRED)
  separate_arguments(torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
  target_compile_options(podscale::torch INTERFACE ${torch_flags})
  target_include_directories(podscale::torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
  target_link_libraries(podscale::torch INTERFACE ${TORCH_LIBRARIES})
  set(torch_include ${TORCH_INCLUDE_DIRS})
endif()
# Torch 2 brings another fmt, and its headers come first: without a library to link.
find_path(PODSCALE_TORCH_FMT fmt/format.h PATHS ${torch_include} NO_DEFAULT_PATH)
if(PODSCALE_TORCH_FMT)
  target_compile_definitions(podscale::torch INTERFACE FMT_HEADER_ONLY=1)
endif()
