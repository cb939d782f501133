# `switchyard cancel`: a running job saves and leaves the queue; submitted again at once, the run goes on. So it does after a job that
# was killed outright.
config run 80
cancel() { slurm "$switchyard" cancel "$1" >>"$scratch/submit.err" 2>&1; }
job=$(submit run.toml --nodes 2 --time 10)
check "it trains" wait_for 60 "steps" step_is run 10
check "it is cancelled" cancel run
check "it saves first" wait_for 60 "preempted" state_is run preempted
left() { ! job_is "$job" 'PENDING|RUNNING|COMPLETING'; }
check "and leaves the queue for good" wait_for 30 "the end of job $job" left
check "its checkpoints verify" verifies run
job=$(submit run.toml --nodes 2 --time 10)
check "submitted again it goes on" wait_for 60 "steps" step_is run 40
slurm scancel --full --signal=KILL "$job"
check "it is killed" wait_for 30 "the end of job $job" left
job=$(submit run.toml --nodes 2 --time 10)
check "submitted once more it ends" wait_for 120 "job $job" job_is "$job" COMPLETED
check "with the same weights" same_weights run 80
