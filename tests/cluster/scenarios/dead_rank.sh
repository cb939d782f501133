# A rank is killed, and later a slurmstepd: the supervisor starts the ranks again inside the job.
config run 160
job=$(submit run.toml --nodes 4 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 25
kill -9 "$(ranks_on node3 | tail -1)"
check "it is started again" wait_for 60 "a second attempt" test -e run/attempts/0002.json
check "and trains" wait_for 60 "steps" step_is run 60
kill -9 $(pids_on node2 -x slurmstepd | head -1)
check "it ends in the end" wait_for 240 "the run" state_is run done
check "with the same weights" same_weights run 160
check "no rank lives on" bash -c "! pgrep -f '^$switchyard train .*$scratch' >/dev/null"
