# The warning before a time limit: save and requeue, as often as it takes.
# Half a minute of steps at this machine's speed: the warning comes after ten seconds.
begin=$SECONDS
whole_hash 201 >/dev/null
steps=$((201 * 30 / (SECONDS - begin + 1)))
config run $steps
job=$(submit run.toml --nodes 2 --time 1 --warning 50)
check "the warning lets it save" wait_for 90 "preempted" state_is run preempted
check "it comes back and ends" wait_for 400 "job $job" job_is "$job" COMPLETED
check "it was requeued" was_requeued "$job"
check "with the same weights" same_weights run $steps
