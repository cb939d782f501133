#!/bin/bash
# watchdog.sh SWITCHYARD: dead, stopped and stuck ranks end the job with a report, and the supervisor goes on from there.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
step_of() { grep -o '"step":[0-9]*' "$1/metrics.jsonl" 2>/dev/null | tail -1 | cut -d: -f2; }
step_is() { [ "$(step_of "$1")" -ge "$2" ] 2>/dev/null; }
ranks() { pgrep -f "^$switchyard train .*$work/$1 " | sort -n; }
no_ranks() { [ -z "$(ranks "$1")" ]; }
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
sets() { echo "--set data.dataset=data --set run.directory=$work/$1 --set train.checkpoint_every=5 --set watchdog.peer_timeout=3"; }

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data

# end_of NAME SIGNAL WHICH TEXT: four ranks, one of which gets the signal in mid-run.
end_of() {
  timeout 90 mpirun --oversubscribe --bind-to none -n 4 "$switchyard" train "$root/examples/tiny.toml" $(sets "$1") --set train.steps=100000 >out 2>err &
  local job=$!
  wait_for step_is "$1" 5 || return
  kill -"$2" "$(ranks "$1" | sed -n "$3p")"
  wait $job
  local code=$?
  [ $code != 0 ] || complain "$1: mpirun returned 0"
  grep -qE -- "$4" err || complain "$1: no '$4' on stderr"
  wait_for no_ranks "$1" || complain "$1: ranks live on"
}
end_of stopped STOP 3 'rank [0-3] on .* has been silent for [34] s'
grep -q 'rank .* step .* heard' stopped/logs/incidents.log || complain "stopped: no table of ranks in logs/incidents.log"
grep -qE 'rank [0-3], as rank [0-3] of its node sees it: step' stopped/logs/incidents.log || complain "stopped: no flight record in logs/incidents.log"
grep -q 'stopped (T)' stopped/logs/incidents.log || complain "stopped: nobody looked at its process"
end_of stopped_first STOP 1 'has been silent for'
grep -qE 'rank [0-3], as rank [0-3] of its node sees it: step' stopped_first/logs/incidents.log || complain "stopped_first: no flight record"
end_of killed KILL 2 'died|exited on signal 9|lost connection'

# All four stopped for longer than the watchdog's patience, and woken: nobody has been silent.
timeout 90 mpirun --oversubscribe --bind-to none -n 4 "$switchyard" train "$root/examples/tiny.toml" $(sets suspended) --set train.steps=100000 >out 2>err &
job=$!
wait_for step_is suspended 5 && kill -STOP $(ranks suspended)
sleep 4
before=$(step_of suspended)
kill -CONT $(ranks suspended)
wait_for step_is suspended $((before + 20))
[ ! -e suspended/logs/incidents.log ] || complain "suspended: a false alarm"
kill -USR1 $(ranks suspended | head -1)
wait $job

# The supervisor: ranks that die are started again, and the weights are those of a run that nothing happened to.
mpi 2 "$switchyard" train "$root/examples/tiny.toml" $(sets whole) --set train.steps=60 >out 2>err || complain "a whole run"
timeout 120 "$switchyard" launch "$root/examples/tiny.toml" $(sets again) --set train.steps=60 -- \
  mpirun --oversubscribe --bind-to none -n 4 >out 2>err &
job=$!
wait_for step_is again 7 && kill -9 "$(ranks again | tail -1)"
wait $job || complain "launch: code $? after a killed rank"
grep -q 'failure 1 of at most 3' err || complain "launch: does not say that it starts again"
[ "$(hash_of again)" = "$(hash_of whole)" ] || complain "launch: the weights differ after a restart"

# A rank that never runs, while mpirun sees nothing amiss and the others wait for it in MPI_Init.
cat >losing <<'S'
#!/bin/bash
[ "$OMPI_COMM_WORLD_RANK" = 1 ] && mkdir lost 2>/dev/null && exec sleep 600
exec "$@"
S
chmod +x losing
timeout 120 "$switchyard" launch "$root/examples/tiny.toml" $(sets early) --set train.steps=20 -- \
  mpirun --oversubscribe --bind-to none -n 2 ./losing >out 2>err || complain "launch: code $? after a rank that never ran"
grep -q 'mpirun has not noticed that ranks are gone' err || complain "launch: nobody missed the rank that never ran"

# A signal to the supervisor saves.
timeout 120 "$switchyard" launch "$root/examples/tiny.toml" $(sets asked) --set train.steps=100000 -- \
  mpirun --oversubscribe --bind-to none -n 2 >out 2>err &
job=$!
wait_for step_is asked 2 && kill -TERM $job
wait $job
code=$?
[ $code = 75 ] || complain "launch: SIGTERM gave code $code, expected 75"
grep -q '"status": "preempted"' asked/state.json || complain "launch: state.json does not say preempted"

# What fails again and again at one step is given up.
cat >failing <<'S'
#!/bin/bash
case "$*" in *" train "*) exit 1 ;; esac
exec "$@"
S
chmod +x failing
timeout 120 "$switchyard" launch "$root/examples/tiny.toml" $(sets looping) -- ./failing >out 2>err
code=$?
[ $code = 77 ] || complain "launch: a crash loop gave code $code, expected 77"
grep -q '3 failures without getting past step 0' err || complain "launch: a crash loop without a diagnosis"
timeout 120 "$switchyard" launch "$root/examples/tiny.toml" $(sets wrong) --set model.hidden=banana -- mpirun -n 1 >out 2>err
[ $? = 2 ] || complain "launch: a config error is not worth a restart"

# A launcher that starts nothing at all is tried once.
printf '#!/bin/bash\necho "no slots" >&2\nexit 1\n' >refusing
chmod +x refusing
for launcher in ./refusing ./missing "mpirun -n 4096 --no-such-option"; do
  timeout 60 "$switchyard" launch "$root/examples/tiny.toml" $(sets refused) -- $launcher >out 2>err
  code=$?
  [ $code = 2 ] || complain "launch: $launcher gave code $code, expected 2"
  grep -q 'not starting the ranks again' err && ! grep -q 'failure 1 of' err || complain "launch: $launcher was tried again"
done

exit $failed
