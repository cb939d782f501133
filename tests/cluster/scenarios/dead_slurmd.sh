# A slurmd dies while its ranks train on: Slurm gives the node up, requeues the job, and it goes on elsewhere.
config run 120
job=$(submit run.toml --nodes 2 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 25
limit_link node2 10  # so that it is not done before Slurm notices
kill_slurmd node2
check "Slurm requeues it" wait_for 90 "a restart" was_requeued "$job"
free_link node2
check "the old ranks end" wait_for 60 "no rank on node2" bash -c "! pgrep --ns $(host_pid node2) --nslist pid -f '^$switchyard train ' >/dev/null"
check "it trains again" wait_for 90 "a second attempt" test -e run/attempts/0002.json
check "on other nodes" bash -c '! grep -qx node2' < <(slurm scontrol show hostnames "$(job_field "$job" NodeList)")
check "it ends" wait_for 240 "job $job" job_is "$job" COMPLETED
check "with the same weights" same_weights run 120
