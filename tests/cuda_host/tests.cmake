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
