# A preemption whose grace (20 s) is too short for the save, as a rank gets no time for it: Slurm kills the job, the last good
# checkpoint stands, and the job goes on from it.
config run 80
job=$(submit run.toml --nodes 2 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 25
mkfifo never && exec 7<>never
starve() { while kill -STOP "$1" 2>/dev/null; do read -rt 0.001 -u 7; done; }  # Slurm sends SIGCONT with its SIGTERM
starve $(ranks_on node2) &
urgent=$(slurm sbatch --parsable --partition=urgent --nodes=4 --exclusive --output=urgent.log --wrap "sleep 1")
check "the urgent job gets the nodes" wait_for 60 "job $urgent" job_is "$urgent" COMPLETED
check "nothing was saved" state_is run running
check "the checkpoints verify" verifies run
check "it comes back and ends" wait_for 180 "job $job" job_is "$job" COMPLETED
check "it was requeued" was_requeued "$job"
check "by one job alone" [ "$(slurm squeue --noheader --states=all --format=%i | sort -n | tail -1)" = "$urgent" ]
check "with the same weights" same_weights run 80
