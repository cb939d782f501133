# Debian's PyTorch belongs to Debian's python3, which need not be the first in PATH.
execute_process(COMMAND /usr/bin/python3 -c "import torch"
  RESULT_VARIABLE no_torch OUTPUT_QUIET ERROR_QUIET)
if(no_torch)
  switchyard_not_registered(oracle "python3-torch is not installed")
  return()
endif()

add_executable(oracle_dump_model oracle/dump_model.cpp)
target_link_libraries(oracle_dump_model PRIVATE model nlohmann_json::nlohmann_json)

function(switchyard_oracle NAME)
  add_test(NAME oracle/${NAME}
    COMMAND /usr/bin/python3 -B ${CMAKE_SOURCE_DIR}/tests/oracle/oracle.py
      $<TARGET_FILE:oracle_dump_model> ${ARGN})
  set_tests_properties(oracle/${NAME} PROPERTIES TIMEOUT 120)
endfunction()
foreach(case adapter attention dense dropout guided low_rank moe mtp mtp_dense moe_not_exact no_experts norm_after qwen3 shared_gate sigmoid topk_softmax)
  switchyard_oracle(${case} ${case})
endforeach()
switchyard_oracle(notices_wrong_results moe --notices)
