# oneDNN as the target `onednn`, and ONEDNN_VERSION. Debian's dnnl-config.cmake also asks for OpenCL, which the CPU engine does
# not use, so it is found by hand; elsewhere than in /usr by CMAKE_PREFIX_PATH.

find_library(DNNL_LIBRARY dnnl REQUIRED)
find_path(DNNL_INCLUDE oneapi/dnnl/dnnl_version.h REQUIRED)
file(STRINGS "${DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h" ONEDNN_VERSION REGEX "define DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
list(TRANSFORM ONEDNN_VERSION REPLACE ".* ([0-9]+)$" "\\1")
list(JOIN ONEDNN_VERSION "." ONEDNN_VERSION)
add_library(onednn INTERFACE)
target_include_directories(onednn SYSTEM INTERFACE "${DNNL_INCLUDE}")
target_link_libraries(onednn INTERFACE "${DNNL_LIBRARY}")

if(ONEDNN_VERSION VERSION_LESS 3)
  set(ONEDNN_SOURCE dnnl2_matmul.cpp)  # in runtime/
else()
  set(ONEDNN_SOURCE dnnl3_matmul.cpp)
endif()
