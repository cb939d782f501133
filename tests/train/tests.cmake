switchyard_test(train/step/activations ROOM train)
switchyard_test(train/step/documents ROOM train RANKS 1 2)
switchyard_test(train/step/faults ROOM train RANKS 2 4)
switchyard_test(train/step/gate_behaviour ROOM train)
switchyard_test(train/guard/guard ROOM train RANKS 1 2 4)
switchyard_test(train/placement/load_balance ROOM train)
switchyard_test(train/ops ROOM train)
switchyard_test(train/step/exact ROOM train RANKS 1 2 4 TIMEOUT 300)
switchyard_test(train/state/load_state ROOM train RANKS 1 2 4)
switchyard_test(train/state/owned_state ROOM train RANKS 1 2 4)
switchyard_test(train/placement/rebalancing ROOM train RANKS 1 2 4)
switchyard_test(train/step/routing_tape ROOM train RANKS 1 2 4)
switchyard_test(train/step/run ROOM train RANKS 1 2 4)
switchyard_test(train/inference/sample ROOM train RANKS 1 2)
switchyard_test(train/step/trainer ROOM train RANKS 1 2 4)
# The same promise with the library held to older instruction sets, whose kernels repeat their bits under other conditions.
# Of the exact tests, those whose bits come out of matrix products.
set(product_tests "--gtest_filter=Exact.*Layout*:Exact.*Threads*:Exact.TopK*:Exact.Ties*:Exact.*OneRow*:Exact.*Precision*:Exact.Fast*")
foreach(isa SSE41 AVX2)
  add_test(NAME train/step/exact.${isa}
    COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe --bind-to none -n 2 $<TARGET_FILE:train_rank_tests> ${product_tests})
  set_tests_properties(train/step/exact.${isa} PROPERTIES TIMEOUT 300 PROCESSORS 2
    ENVIRONMENT "ONEDNN_MAX_CPU_ISA=${isa};OMPI_MCA_mpi_yield_when_idle=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1;OMP_WAIT_POLICY=passive")
endforeach()
