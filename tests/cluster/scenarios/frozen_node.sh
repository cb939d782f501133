# A node that hangs and a link that is cut: the watchdog names the rank, and the run goes on from its checkpoint.
config run 160
sed -i '$a\\n[watchdog]\npeer_timeout = 4.0' run.toml
job=$(submit run.toml --nodes 3 --time 10)
check "it trains and has saved" wait_for 60 "steps" step_is run 25
victim=$(job_field "$job" NodeList | sed 's/node\[[0-9]*-\([0-9]\)\]/node\1/')
kill -STOP $(ranks_on "$victim")
check "the silent rank is named" wait_for 20 "a report" grep -qs "on $victim has been silent" run/logs/incidents.log
check "it is started again" wait_for 60 "a second attempt" test -e run/attempts/0002.json
check "and trains" wait_for 90 "steps" step_is run 60
cut_link "$victim"
check "the cut is noticed" wait_for 20 "a second report" bash -c '[ "$(grep -c "has been silent" run/logs/incidents.log)" -ge 2 ]'
sleep 2
heal_link "$victim"
check "it ends" wait_for 300 "the run" state_is run done
check "with the same weights" same_weights run 160
