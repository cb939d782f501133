switchyard_test(experts/ffn ROOM experts)
switchyard_test(experts/ops ROOM experts)
switchyard_test(experts/placement ROOM experts)
switchyard_test(experts/shard ROOM experts)
