# A job with a higher priority takes the nodes: SIGTERM, save, requeue, and on with the same bits.
config run 120
job=$(submit run.toml --nodes 4 --time 10)
check "it trains" wait_for 60 "steps" step_is run 25
urgent=$(slurm sbatch --parsable --partition=urgent --nodes=4 --exclusive --output=urgent.log --wrap "sleep 3")
check "it saves and leaves" wait_for 40 "preempted" state_is run preempted
check "the urgent job runs" wait_for 60 "job $urgent" job_is "$urgent" COMPLETED
check "the run is taken up again and done" wait_for 180 "job $job" job_is "$job" COMPLETED
check "it was requeued" was_requeued "$job"
check "with the same weights" same_weights run 120
