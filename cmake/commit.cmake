# cmake -DSOURCE=TREE -DHEADER=FILE -P commit.cmake: writes the commit of the tree into the header, if it has changed. A tree
# that is not a clone has none.
execute_process(COMMAND git -C "${SOURCE}" describe --always --dirty=-changed --abbrev=10 --exclude=*
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR commit STREQUAL "")
  set(commit "unknown")
endif()
set(text "#define SWITCHYARD_COMMIT \"${commit}\"\n")
if(EXISTS "${HEADER}")
  file(READ "${HEADER}" before)
endif()
if(NOT text STREQUAL "${before}")
  file(WRITE "${HEADER}" "${text}")
endif()
