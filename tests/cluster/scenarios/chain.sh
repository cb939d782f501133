# A site that refuses to requeue: the script, edited and submitted by hand, submits itself as the next link.
config run 120
submit run.toml --nodes 2 --time 10 --dry-run >/dev/null
job=$(submit run.toml --nodes 2 --time 10)
slurm scancel "$job"
check "the first job is gone" wait_for 30 "cancelled" job_is "$job" CANCELLED
rm -rf run/attempts run/checkpoints run/state.json run/failures.json run/metrics.jsonl
sed -i 's/^#SBATCH --requeue/#SBATCH --no-requeue/' run/submit/job.sh
job=$(slurm sbatch --parsable run/submit/job.sh)
check "it trains" wait_for 60 "steps" step_is run 25
slurm scancel --batch --signal=USR1 "$job"
check "it saves and leaves" wait_for 60 "preempted" state_is run preempted
has_next_link() { [ "$(slurm squeue --noheader --states=all --format=%i | sort -n | tail -1)" -gt "$job" ]; }
check "a next link is in the queue" wait_for 30 "another job" has_next_link
check "the chain ends" wait_for 120 "the run" state_is run done
check "with the same weights" same_weights run 120
