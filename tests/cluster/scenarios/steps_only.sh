# A SIGTERM to the ranks alone, as a preemption sends it: the batch script hears nothing, and puts the job back by state.json.
config run 80
job=$(submit run.toml --nodes 2 --time 10)
check "it trains" wait_for 60 "steps" step_is run 10
slurm scancel --signal=TERM "$job"
check "it saves and leaves" wait_for 60 "preempted" state_is run preempted
check "it comes back and ends" wait_for 120 "job $job" job_is "$job" COMPLETED
check "it was requeued once" [ "$(job_field "$job" Restarts)" = 1 ]
check "with the same weights" same_weights run 80
