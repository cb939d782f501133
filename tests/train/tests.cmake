switchyard_test(train/ops ROOM train)
switchyard_test(train/exact ROOM train RANKS 1 2 4 TIMEOUT 300)
switchyard_test(train/trainer ROOM train RANKS 1 2 4)
