# A warning, then a second signal that means now; and a kill so soon after the warning that no save fits in between. The last
# good checkpoint stands.
config run 200
job=$(submit run.toml --nodes 2 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 45
kill -TERM $(ranks_on node1 | tail -1); kill -INT $(ranks_on node1 | tail -1)
check "it is started again" wait_for 60 "a second attempt" test -e run/attempts/0002.json
check "and trains" wait_for 60 "steps" step_is run 85
check "its checkpoints verify" verifies run
before=$(job_field "$job" Restarts)  # the second signal may have come in the save that the first one asked for
requeued_again() { [ "$(job_field "$job" Restarts)" -gt "$before" ]; }
slurm scancel --batch --signal=USR1 "$job"
kill -9 $(ranks_on node1) $(ranks_on node2) 2>/dev/null
check "the job is requeued all the same" wait_for 90 "a restart" requeued_again
check "it ends" wait_for 240 "job $job" job_is "$job" COMPLETED
check "with the same weights" same_weights run 200
