# The crash lab: programs in which faulty_calls.cpp replaces io/files/system_calls.cpp.
add_library(crash_lab OBJECT crash_lab/faulty_calls.cpp crash_lab/mutants.cpp crash_lab/record.cpp
  crash_lab/state.cpp)
target_link_libraries(crash_lab PUBLIC io)
foreach(program saver load_trees damage publisher)
  add_executable(crash_lab_${program} crash_lab/${program}.cpp)
  target_link_libraries(crash_lab_${program} PRIVATE crash_lab io)
endforeach()
target_sources(crash_lab_load_trees PRIVATE crash_lab/disk.cpp)
target_sources(crash_lab_publisher PRIVATE crash_lab/disk.cpp)

# The whole of switchyard with the same faults: SWITCHYARD_FAULT=RANK:OPERATION:ACTION.
add_executable(switchyard_crashlab $<TARGET_OBJECTS:switchyard_commands>)
target_link_libraries(switchyard_crashlab PRIVATE crash_lab launch CLI11::CLI11)

add_test(NAME crash_lab/sample
  COMMAND ${CMAKE_SOURCE_DIR}/tests/crash_lab/sample.sh $<TARGET_FILE_DIR:crash_lab_saver> $<TARGET_FILE:switchyard>)
set_tests_properties(crash_lab/sample PROPERTIES TIMEOUT 400 COST 400 PROCESSORS 2)
add_test(NAME crash_lab/lost_vote
  COMMAND ${CMAKE_SOURCE_DIR}/tests/crash_lab/lost_vote.sh $<TARGET_FILE_DIR:crash_lab_saver> $<TARGET_FILE:switchyard>)
set_tests_properties(crash_lab/lost_vote PROPERTIES TIMEOUT 120)
add_test(NAME crash_lab/registry
  COMMAND ${CMAKE_SOURCE_DIR}/tests/crash_lab/registry.sh $<TARGET_FILE_DIR:crash_lab_publisher>)
set_tests_properties(crash_lab/registry PROPERTIES TIMEOUT 120)
