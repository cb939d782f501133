# Tests on real GPUs: compiled and linked wherever nvcc is, registered where a GPU is (ctest -L gpu). tests/gpu/run builds and runs
# them, measures, and writes a report.
if(TARGET switchyard_cuda_backend)
  add_executable(gpu_tests cuda_host/grouped_kernels_test.cpp cuda_host/kernels_test.cpp cuda_host/model_kernels_test.cpp
    cuda_host/router_kernels_test.cpp cuda_host/row_kernels_test.cpp)
  target_link_libraries(gpu_tests PRIVATE switchyard_cuda_backend train GTest::gtest_main GTest::gmock)
  if(SWITCHYARD_CUTLASS)
    target_sources(gpu_tests PRIVATE cuda_host/grouped_cutlass_test.cpp)
  endif()
  add_executable(gpu_rank_tests cuda_host/training_test.cpp)
  target_link_libraries(gpu_rank_tests PRIVATE switchyard_cuda_backend train rank_test_main GTest::gmock)
  add_executable(gpu_large_tests gpu/large_test.cpp)
  target_link_libraries(gpu_large_tests PRIVATE switchyard_cuda_backend train GTest::gtest_main)
endif()

add_test(NAME gpu/run_without_gpu COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/gpu/without_gpu.sh ${CMAKE_BINARY_DIR})
set_tests_properties(gpu/run_without_gpu PROPERTIES TIMEOUT 60)

function(switchyard_gpu_test NAME)
  cmake_parse_arguments(TEST "" "TIMEOUT" "COMMAND" ${ARGN})
  add_test(NAME gpu/${NAME} COMMAND ${TEST_COMMAND})
  set_tests_properties(gpu/${NAME} PROPERTIES LABELS gpu TIMEOUT ${TEST_TIMEOUT} RUN_SERIAL ON
    ENVIRONMENT "OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
endfunction()

execute_process(COMMAND nvidia-smi --query-gpu=memory.total --format=csv,noheader,nounits
  OUTPUT_VARIABLE gpu_mib RESULT_VARIABLE no_gpu ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT ("$ENV{SWITCHYARD_REQUIRE_GPU}" STREQUAL "1" OR (TARGET gpu_tests AND NOT no_gpu)))
  switchyard_not_registered(gpu "this machine has no nvcc or no GPU (SWITCHYARD_REQUIRE_GPU=1 makes that a failure)")
  return()
endif()
if(NOT TARGET gpu_tests)
  message(FATAL_ERROR "SWITCHYARD_REQUIRE_GPU=1, but there is no nvcc, or SWITCHYARD_CUDA is OFF")
endif()
string(REGEX MATCH "^[0-9]+" gpu_mib "${gpu_mib}")

switchyard_gpu_test(kernels TIMEOUT 300 COMMAND gpu_tests --gtest_filter=-GroupedCutlass.*)
if(SWITCHYARD_CUTLASS)  # fails on GPUs other than 9.0 and 10.0, which CUTLASS's kernels do not take
  switchyard_gpu_test(cutlass TIMEOUT 300 COMMAND gpu_tests --gtest_filter=GroupedCutlass.*)
else()
  switchyard_not_registered(gpu/cutlass "this build has no CUTLASS (-DSWITCHYARD_CUTLASS=ON)")
endif()
foreach(ranks 1 2)  # two ranks share a GPU where there is only one
  switchyard_gpu_test(training.ranks${ranks} TIMEOUT 600
    COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none -n ${ranks} $<TARGET_FILE:gpu_rank_tests>)
endforeach()
switchyard_gpu_test(commands TIMEOUT 600
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cuda_host/commands.sh $<TARGET_FILE:switchyard_cuda>)
if(gpu_mib AND gpu_mib LESS 24000)
  switchyard_not_registered(gpu/large "the first GPU has ${gpu_mib} MiB, and tensors above 2^31 elements need 24,000")
else()
  switchyard_gpu_test(large TIMEOUT 900 COMMAND gpu_large_tests)
endif()
find_program(COMPUTE_SANITIZER compute-sanitizer HINTS "${CUDAToolkit_BIN_DIR}" /usr/local/cuda/bin)
if(COMPUTE_SANITIZER)
  foreach(tool memcheck racecheck)
    switchyard_gpu_test(${tool} TIMEOUT 3600
      COMMAND ${COMPUTE_SANITIZER} --tool ${tool} --error-exitcode 1 $<TARGET_FILE:gpu_tests>)
  endforeach()
else()
  switchyard_not_registered(gpu/memcheck "there is no compute-sanitizer, nor for gpu/racecheck")
endif()
