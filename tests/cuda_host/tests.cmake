# The .cu files of all rooms as C++, on a GPU that this library emulates (README.md): a program that links `cuda_host`
# besides its rooms runs with run.device = "cuda" and needs neither nvcc nor a GPU.
add_library(cuda_host STATIC cuda_host/copies.cpp cuda_host/cublaslt.cpp cuda_host/cutlass.cpp cuda_host/fibers.cpp cuda_host/grid.cpp cuda_host/memory.cpp
  cuda_host/nccl.cpp cuda_host/queues.cpp)
target_include_directories(cuda_host BEFORE PUBLIC cuda_host/include)
target_link_libraries(cuda_host PUBLIC switchyard_options PRIVATE MPI::MPI_CXX)
target_compile_definitions(cuda_host PRIVATE OMPI_SKIP_MPICXX)

get_property(units GLOBAL PROPERTY SWITCHYARD_CUDA_UNITS)
set_source_files_properties(${units} PROPERTIES LANGUAGE CXX GENERATED ON)
add_library(cuda_host_backend OBJECT ${units})
target_include_directories(cuda_host_backend BEFORE PUBLIC cuda_host/include)  # ahead of the twins in runtime/
target_link_libraries(cuda_host_backend PUBLIC cuda_host train)
target_compile_options(cuda_host_backend PRIVATE -Wno-unknown-pragmas)  # a host compiler does not unroll for registers
set_target_properties(cuda_host_backend PROPERTIES UNITY_BUILD OFF)

function(switchyard_cuda_host_program TARGET MAIN)
  add_executable(${TARGET})
  target_include_directories(${TARGET} BEFORE PRIVATE cuda_host/include)
  target_link_libraries(${TARGET} PRIVATE cuda_host_backend cuda_host train ${MAIN} GTest::gmock)
  target_compile_options(${TARGET} PRIVATE -O1)
endfunction()
switchyard_cuda_host_program(cuda_host_tests GTest::gtest_main)
switchyard_cuda_host_program(cuda_host_rank_tests rank_test_main)
switchyard_test(cuda_host/exchange PROGRAM cuda_host_rank_tests RANKS 2 3)
switchyard_test(cuda_host/failures PROGRAM cuda_host_rank_tests RANKS 2)
switchyard_test(cuda_host/saves PROGRAM cuda_host_rank_tests RANKS 2)
switchyard_test(cuda_host/step PROGRAM cuda_host_rank_tests RANKS 2 4)
switchyard_test(cuda_host/training PROGRAM cuda_host_rank_tests RANKS 2 4 TIMEOUT 300)  # on one, see commands.sh
foreach(name emulation grouped_cutlass grouped_kernels kernels limits model_kernels router_kernels row_kernels)
  switchyard_test(cuda_host/${name} PROGRAM cuda_host_tests)
endforeach()

# The program itself: what switchyard_cuda is on a real GPU (tests/long/run gpu_commands).
add_executable(switchyard_emulated $<TARGET_OBJECTS:switchyard_commands>)
target_link_libraries(switchyard_emulated PRIVATE cuda_host_backend cuda_host launch CLI11::CLI11)

# The roofline benchmark of a real GPU works.
add_executable(gpu_ops_bench_emulated $<TARGET_OBJECTS:gpu_rows>)
target_link_libraries(gpu_ops_bench_emulated PRIVATE cuda_host_backend cuda_host train)
add_test(NAME cuda_host/roofline COMMAND gpu_ops_bench_emulated 16)
set_tests_properties(cuda_host/roofline PROPERTIES TIMEOUT 120)

if(TARGET switchyard_cuda_backend)
  add_test(NAME cuda/resources
    COMMAND ${CMAKE_SOURCE_DIR}/bench/cuda_resources ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/docs/cuda_resources.md)
else()
  switchyard_not_registered(cuda/resources "this machine has no nvcc, or SWITCHYARD_CUDA is OFF")
endif()
