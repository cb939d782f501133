# A link of 20 Mbit/s: the run is slow, nothing takes it for dead, and its weights are the same.
config run 60
job=$(submit run.toml --nodes 4 --time 10)
check "it trains" wait_for 60 "steps" step_is run 5
limit_link node2 20
check "it ends" wait_for 300 "job $job" job_is "$job" COMPLETED
check "in one attempt" test ! -e run/attempts/0002.json
check "with the same weights" same_weights run 60
