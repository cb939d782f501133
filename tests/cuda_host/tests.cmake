# The .cu files of all rooms as C++, on a GPU that this library emulates (README.md): a program that links `cuda_host`
# besides its rooms runs with run.device = "cuda" and needs neither nvcc nor a GPU.
add_library(cuda_host STATIC cuda_host/cublaslt.cpp cuda_host/fibers.cpp cuda_host/grid.cpp cuda_host/memory.cpp
  cuda_host/nccl.cpp cuda_host/queues.cpp)
target_include_directories(cuda_host BEFORE PUBLIC cuda_host/include)
target_link_libraries(cuda_host PUBLIC switchyard_options PRIVATE MPI::MPI_CXX)
target_compile_definitions(cuda_host PRIVATE OMPI_SKIP_MPICXX)

get_property(units GLOBAL PROPERTY SWITCHYARD_CUDA_UNITS)
set_source_files_properties(${units} PROPERTIES LANGUAGE CXX GENERATED ON)
add_library(cuda_host_backend OBJECT ${units})
target_include_directories(cuda_host_backend BEFORE PUBLIC cuda_host/include)  # ahead of the twins in runtime/
target_link_libraries(cuda_host_backend PUBLIC cuda_host train)
set_target_properties(cuda_host_backend PROPERTIES UNITY_BUILD OFF)

function(switchyard_cuda_host_program TARGET MAIN)
  add_executable(${TARGET})
  target_include_directories(${TARGET} BEFORE PRIVATE cuda_host/include)
  target_link_libraries(${TARGET} PRIVATE cuda_host_backend cuda_host train ${MAIN} GTest::gmock)
  target_compile_options(${TARGET} PRIVATE -O1)
endfunction()
switchyard_cuda_host_program(cuda_host_tests GTest::gtest_main)
switchyard_cuda_host_program(cuda_host_rank_tests rank_test_main)
switchyard_test(cuda_host/step PROGRAM cuda_host_rank_tests RANKS 1 2)
foreach(name emulation kernels model_kernels router_kernels)
  switchyard_test(cuda_host/${name} PROGRAM cuda_host_tests)
endforeach()

# The same comparisons on a real GPU.
execute_process(COMMAND nvidia-smi -L RESULT_VARIABLE no_gpu OUTPUT_QUIET ERROR_QUIET)
if(TARGET switchyard_cuda_backend AND (NOT no_gpu OR "$ENV{SWITCHYARD_REQUIRE_GPU}" STREQUAL "1"))
  add_executable(gpu_tests cuda_host/kernels_test.cpp cuda_host/model_kernels_test.cpp
    cuda_host/router_kernels_test.cpp)
  target_link_libraries(gpu_tests PRIVATE switchyard_cuda_backend train GTest::gtest_main GTest::gmock)
  add_test(NAME gpu/kernels COMMAND gpu_tests)
  set_tests_properties(gpu/kernels PROPERTIES LABELS gpu TIMEOUT 300)
else()
  switchyard_not_registered(gpu/kernels "this machine has no nvcc or no GPU (SWITCHYARD_REQUIRE_GPU=1 makes that a failure)")
endif()
