# With SWITCHYARD_CHECK_ONLY the compiler checks each file without generating code, and an empty file takes the place of each
# object, library and program.

if(SWITCHYARD_CHECK_ONLY)
  set(CMAKE_CXX_COMPILE_OBJECT "<CMAKE_CXX_COMPILER> <DEFINES> <INCLUDES> <FLAGS> -fsyntax-only <SOURCE>" "touch <OBJECT>")
  set(CMAKE_CXX_CREATE_STATIC_LIBRARY "touch <TARGET>")
  set(CMAKE_CXX_CREATE_SHARED_MODULE "touch <TARGET>")
  set(CMAKE_CXX_LINK_EXECUTABLE "touch <TARGET>")
endif()
