# A node loses its power in mid-run: Slurm requeues the job, and it goes on with the three nodes that are left.
config run 120
job=$(submit run.toml --nodes 3 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 45
slurm sbatch --parsable --nodelist=node4 --nodes=1 --mem=100 --output=/dev/null --wrap "sleep 1" >/dev/null
victim=$(job_field "$job" NodeList | sed 's/node\[\([0-9]\).*/node\1/')
power_off "$victim"
check "it is requeued" wait_for 60 "a restart" was_requeued "$job"
check "it ends" wait_for 120 "job $job" job_is "$job" COMPLETED
check "without the dead node" bash -c "! [[ '$(job_field "$job" NodeList)' =~ $victim ]]"
check "with the same weights" same_weights run 120
