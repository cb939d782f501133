# The CUDA backend: the .cu files of all rooms as objects. A program that links `switchyard_cuda_backend` besides its rooms
# has it: the objects define what each room's no_cuda.cpp would, so that the linker leaves those in their archives. Nothing
# else is compiled twice.

include(CheckLanguage)
check_language(CUDA)
if(NOT SWITCHYARD_CUDA OR NOT CMAKE_CUDA_COMPILER)
  return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
  # Ampere, Hopper, Blackwell: those that this nvcc knows (100 since CUDA 12.8). PTX of the last for what comes after it.
  execute_process(COMMAND "${CMAKE_CUDA_COMPILER}" --list-gpu-arch OUTPUT_VARIABLE known COMMAND_ERROR_IS_FATAL ANY)
  set(CMAKE_CUDA_ARCHITECTURES 80)
  foreach(next 90 100)
    if(known MATCHES "compute_${next}\n")
      list(TRANSFORM CMAKE_CUDA_ARCHITECTURES REPLACE "^([0-9]+)$" "\\1-real")
      list(APPEND CMAKE_CUDA_ARCHITECTURES ${next})
    endif()
  endforeach()
endif()
enable_language(CUDA)
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")  # nvcc knows it, CMake 3.25 does not
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)
find_package(CUDAToolkit REQUIRED)
# -DNCCL_ROOT=DIR, or the variable NCCL_HOME of many modules, for one outside the system's and the toolkit's folders.
find_library(NCCL_LIBRARY nccl REQUIRED HINTS ENV NCCL_HOME "${CUDAToolkit_LIBRARY_DIR}" PATH_SUFFIXES lib lib64)
find_path(NCCL_INCLUDE nccl.h REQUIRED HINTS ENV NCCL_HOME ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)

get_property(units GLOBAL PROPERTY SWITCHYARD_CUDA_UNITS)
add_library(switchyard_cuda_backend OBJECT ${units})
# -fmad=false: the arithmetic that is written, as -ffp-contract=off on the host; kernels that want it say fma.
target_compile_options(switchyard_cuda_backend PRIVATE
  $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false;--expt-relaxed-constexpr;-Xcompiler=-Wall,-Wextra>)
target_include_directories(switchyard_cuda_backend SYSTEM PRIVATE "${NCCL_INCLUDE}")
target_link_libraries(switchyard_cuda_backend PUBLIC train CUDA::cudart_static CUDA::cublasLt ${NCCL_LIBRARY})

include(cutlass)

# What the kernels take of a GPU is kept beside the objects (docs/cuda_resources.md).
set_property(TARGET switchyard_cuda_backend PROPERTY
  CUDA_COMPILER_LAUNCHER "${CMAKE_SOURCE_DIR}/cmake/keep_resources" ${CMAKE_CUDA_COMPILER_LAUNCHER})

add_executable(switchyard_cuda $<TARGET_OBJECTS:switchyard_commands>)
target_link_libraries(switchyard_cuda PRIVATE launch CLI11::CLI11 switchyard_cuda_backend)
set_target_properties(switchyard_cuda PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
# Where it was built; CUDA's libraries are found where the build found them, or in LD_LIBRARY_PATH.
get_filename_component(nccl_folder "${NCCL_LIBRARY}" DIRECTORY)
set_target_properties(switchyard_cuda PROPERTIES INSTALL_RPATH "${CUDAToolkit_LIBRARY_DIR};${nccl_folder}")
install(TARGETS switchyard_cuda OPTIONAL)
