# A warning while a save is under way: every step is saved, by the training itself. And then a node that loses its power in
# such a save: Slurm requeues the job, and it goes on from the newest whole one.
config run 120
sed -i 's|^checkpoint_every = .*|checkpoint_every = 1|; $a\\n[checkpoint]\nasync = false' run.toml
job=$(submit run.toml --nodes 3 --time 10)
check "it trains" wait_for 60 "steps" step_is run 25
slurm scancel --batch --signal=USR1 "$job"
check "it saves and leaves" wait_for 60 "preempted" state_is run preempted
check "its checkpoints verify" verifies run
check "it comes back" wait_for 180 "steps" step_is run 60
slurm sbatch --parsable --nodelist=node4 --nodes=1 --mem=100 --output=/dev/null --wrap "sleep 1" >/dev/null
victim=$(job_field "$job" NodeList | sed 's/node\[\([0-9]\).*/node\1/')
power_off "$victim"
check "it ends" wait_for 240 "job $job" job_is "$job" COMPLETED
check "with the same weights" same_weights run 120
