# A room is one static library named after its folder. `room(router SOURCES ... LINKS runtime experts)` states its
# arrows; tests/layering checks every #include against the same arrows.
#
# -ffp-contract=off and no -ffast-math: exact mode needs the arithmetic that is written (docs/design.md).

add_library(switchyard_options INTERFACE)
target_include_directories(switchyard_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(switchyard_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off;-fno-math-errno;-fno-trapping-math>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>  # GCC 12 sees overlaps in "a" + string that are not there (PR 105651)
  # In a unity build GCC takes each .cpp for a header, whose classes must not have members of unnamed namespaces.
  $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wconversion;-Wno-sign-conversion>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${SWITCHYARD_WERROR}>>:-Werror>
  $<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${SWITCHYARD_WERROR}>>:-Werror=all-warnings>)
# fmt 9 turns constexpr off under nvcc, and then does not compile as C++20.
target_compile_definitions(switchyard_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)
if(SWITCHYARD_SANITIZE)
  target_compile_options(switchyard_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(switchyard_options INTERFACE -fsanitize=address,undefined)
endif()

# A file of the build folder that includes .cu files. In a unity build those of a room are one unit, since most of a unit is
# headers. Generated, so that tests/cuda_host can compile units as C++ where nvcc compiles them too.
function(cuda_unit NAME)
  list(TRANSFORM ARGN REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE lines)
  list(JOIN lines "" lines)
  file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/cuda/${NAME}" CONTENT "${lines}")
  set_property(GLOBAL APPEND PROPERTY SWITCHYARD_CUDA_UNITS "${CMAKE_BINARY_DIR}/cuda/${NAME}")
endfunction()

function(room NAME)
  cmake_parse_arguments(ROOM "" "" "SOURCES;CUDA;NO_CUDA;LINKS;PRIVATE" ${ARGN})
  add_library(${NAME} STATIC ${ROOM_SOURCES})
  target_link_libraries(${NAME} PUBLIC switchyard_options ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE})
  # Unity builds compile up to ten files of one folder at a time, and never files of two folders together.
  set_target_properties(${NAME} PROPERTIES UNITY_BUILD_MODE GROUP)
  foreach(source ${ROOM_SOURCES})
    get_filename_component(folder "${source}" DIRECTORY)
    string(MAKE_C_IDENTIFIER "in_${folder}" folder)
    math(EXPR ${folder} "${${folder}} + 1")
    math(EXPR part "(${${folder}} - 1) / 10")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}_${part}")
  endforeach()
  if(ROOM_CUDA)
    # Each alone in its object, which a program links only if nothing else defines what it does: see switchyard_cuda_backend.
    if(NOT ROOM_NO_CUDA)
      set(ROOM_NO_CUDA no_cuda.cpp)
    endif()
    target_sources(${NAME} PRIVATE ${ROOM_NO_CUDA})
    set_source_files_properties(${ROOM_NO_CUDA} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    list(TRANSFORM ROOM_CUDA PREPEND "${NAME}/")
    if(CMAKE_UNITY_BUILD)
      cuda_unit("${NAME}.cu" ${ROOM_CUDA})
    else()
      foreach(source ${ROOM_CUDA})
        cuda_unit("${source}" "${source}")
      endforeach()
    endif()
  endif()
endfunction()
