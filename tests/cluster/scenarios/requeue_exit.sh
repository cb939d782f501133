# A site whose slurm.conf requeues exit code 75 by itself: the supervisor asks for it too, and the job comes back once.
config run 120
reconfigure() { slurm scontrol reconfigure >/dev/null 2>&1; }
echo RequeueExit=75 >>"$lab/etc/slurm.conf"
reconfigure
trap 'sed -i /^RequeueExit/d "$lab/etc/slurm.conf"; reconfigure' EXIT
job=$(submit run.toml --nodes 2 --time 10)
check "it trains" wait_for 60 "steps" step_is run 25
slurm scancel --batch --signal=USR1 "$job"
check "it saves and leaves" wait_for 60 "preempted" state_is run preempted
check "it comes back and ends" wait_for 240 "job $job" job_is "$job" COMPLETED
check "it was requeued once" [ "$(job_field "$job" Restarts)" = 1 ]
check "with the same weights" same_weights run 120
