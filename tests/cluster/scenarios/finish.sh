# A job from `submit` to `done`, the four launch forms, and what submit refuses.
config run 40
check "an unknown partition is refused" bash -c '! "$@" 2>/dev/null' _ env SLURM_CONF="$lab/etc/slurm.conf" \
  nsenter --target "$(host_pid ctl)" --net --uts --mount --ipc --wdns="$PWD" -- "$switchyard" submit run.toml --nodes 2 --partition nowhere
check "experts that no node has the memory for are refused, and who says so" \
  bash -c '! "$@" 2>refused && grep -q "rank of this run needs .* 3.91 GiB.*by sinfo" refused' _ env SLURM_CONF="$lab/etc/slurm.conf" \
  nsenter --target "$(host_pid ctl)" --net --uts --mount --ipc --wdns="$PWD" -- "$switchyard" submit run.toml --nodes 2 --set model.expert_hidden=500000
rm -rf run
job=$(submit run.toml --nodes 4 --ranks-per-node 2 --time 10)
check "the job ends" wait_for 90 "job $job" job_is "$job" COMPLETED
check "the run is done" state_is run done
check "its weights are those of two ranks under mpirun" same_weights run 40
check "status shows both sides" bash -c 'grep -q COMPLETED && true' < <(slurm "$switchyard" status run)

config inside 40
cat >inside.sh <<S
#!/bin/bash
mpirun --bind-to none "$switchyard" train inside.toml
S
job=$(slurm sbatch --parsable --nodes=2 --ntasks-per-node=2 --output=inside.log inside.sh)
check "mpirun inside an allocation" wait_for 60 "job $job" job_is "$job" COMPLETED
check "the same weights" same_weights inside 40

config wrong 40
job=$(slurm sbatch --parsable --nodes=2 --ntasks-per-node=1 --output=wrong.log --wrap "srun --mpi=none $switchyard train wrong.toml")
check "srun without PMIx fails" wait_for 60 "job $job" job_is "$job" FAILED
check "and says --mpi=pmix" grep -q -- --mpi=pmix wrong.log
