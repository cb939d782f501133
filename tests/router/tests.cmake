switchyard_test(router/exchange ROOM router RANKS 1 2 3 4)
switchyard_test(router/gate ROOM router)
switchyard_test(router/ops ROOM router)
switchyard_test(router/plan ROOM router RANKS 1 2 3 4)
