switchyard_test(launch/attempts ROOM launch)
switchyard_test(launch/base64 ROOM launch)
switchyard_test(launch/byte_size ROOM launch)
switchyard_test(launch/config ROOM launch)
switchyard_test(launch/config_checks ROOM launch)
switchyard_test(launch/environment ROOM launch)
switchyard_test(launch/layout ROOM launch)
switchyard_test(launch/metrics ROOM launch)
switchyard_test(launch/progress ROOM launch)
switchyard_test(launch/stage_progress ROOM launch)
switchyard_test(launch/stop_signals ROOM launch)

# Scripts that run the program as a user does: SCRIPT SWITCHYARD-BINARY.
function(switchyard_script NAME TIMEOUT)
  add_test(NAME ${NAME} COMMAND ${CMAKE_SOURCE_DIR}/tests/${NAME}.sh $<TARGET_FILE:switchyard>)
  set_tests_properties(${NAME} PROPERTIES TIMEOUT ${TIMEOUT} PROCESSORS 2)
endfunction()

add_test(NAME layering COMMAND ${CMAKE_SOURCE_DIR}/tests/launch/layering_test.sh)
switchyard_script(launch/bad_input 240)
switchyard_script(launch/prepare_again 300)
switchyard_script(launch/run_again 240)
switchyard_script(launch/use_checkpoint 120)
switchyard_script(layouts/same_bits 600)
add_test(NAME layouts/pairs COMMAND ${CMAKE_SOURCE_DIR}/tests/layouts/pairs.sh $<TARGET_FILE:switchyard> 4)  # tests/long has all
set_tests_properties(layouts/pairs PROPERTIES TIMEOUT 120 PROCESSORS 2)

# A small file system of its own needs a mount namespace.
execute_process(COMMAND unshare --map-root-user --mount mount -t tmpfs none /mnt RESULT_VARIABLE cannot_mount ERROR_QUIET)
if(cannot_mount)
  switchyard_not_registered(launch/full_disk "this machine does not let a process mount a file system of its own")
else()
  switchyard_script(launch/full_disk 120)
endif()
