# A link that loses one packet in twenty each way: TCP sends them again, nothing takes the run for dead, and its weights are the same.
config run 40
job=$(submit run.toml --nodes 3 --time 10)
check "it trains" wait_for 60 "steps" step_is run 3
lose_packets node2 5
check "it ends" wait_for 300 "job $job" job_is "$job" COMPLETED
check "packets were lost" [ "$(lost_packets node2)" -gt 0 ]
check "in one attempt" test ! -e run/attempts/0002.json
check "with the same weights" same_weights run 40
