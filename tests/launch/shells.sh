#!/bin/bash
# shells.sh SWITCHYARD: what a shell, a terminal and the limits of a process do to a run: stdin is left alone, a closed terminal
# saves and leaves, a file size limit is a disk that is full, and a killed run is said to be dead.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
tiny=("$root/examples/tiny.toml" --set data.dataset=data)
one_rank=(-- mpirun --oversubscribe --bind-to none -n 1)
steps_of() { grep -c '"loss":' "$1/metrics.jsonl" 2>/dev/null; }
has_steps() { [ "$(steps_of "$1")" -ge "$2" ] 2>/dev/null; }
status_of() { sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p' "$1/state.json"; }
gone() { ! kill -0 "$1" 2>/dev/null; }

# A list that a loop reads is not read by what the loop starts.
printf '%s\n' 1 2 3 >list
while read -r seed; do
  "$switchyard" launch "${tiny[@]}" --set run.directory="loop$seed" --set train.seed="$seed" \
    --set train.steps=2 --set train.warmup_steps=1 "${one_rank[@]}" >out 2>err
done <list
[ -d loop1 ] && [ -d loop2 ] && [ -d loop3 ] || complain "launch ate the list of a while-read loop"

# The terminal closes: the supervisor and its rank save and leave.
"$switchyard" launch "${tiny[@]}" --set run.directory=hup --set train.steps=1000000 --set train.checkpoint_every=0 "${one_rank[@]}" >out 2>err &
supervisor=$!
wait_for has_steps hup 3
kill -HUP $supervisor
wait $supervisor
code=$?
[ $code = 75 ] || complain "a hangup ended the supervisor with $code, not 75"
[ "$(status_of hup)" = preempted ] || complain "after a hangup the run is $(status_of hup)"
# Under nohup it means nothing.
nohup "$switchyard" launch "${tiny[@]}" --set run.directory=nohup --set train.steps=1000000 --set train.checkpoint_every=0 "${one_rank[@]}" >out 2>err &
supervisor=$!
wait_for has_steps nohup 3
kill -HUP $supervisor
at=$(steps_of nohup)
wait_for has_steps nohup $((at + 20)) || complain "a hangup ended a run under nohup"
kill -TERM $supervisor
wait $supervisor
# A supervisor that is killed leaves no rank behind.
"$switchyard" launch "${tiny[@]}" --set run.directory=killed --set train.steps=1000000 --set train.checkpoint_every=0 "${one_rank[@]}" >out 2>err &
supervisor=$!
wait_for has_steps killed 3
kill -KILL $supervisor
no_rank() { ! pgrep -f "^$switchyard train .*run.directory=killed" >/dev/null; }
wait_for no_rank || complain "ranks of a killed supervisor live on"

# A file size limit of 12 MiB, which a checkpoint of some 40 MB exceeds: the save is refused and the log says why, the run goes
# on and ends with exit code 4.
large=(--set model.hidden=256 --set model.expert_hidden=512 --set train.steps=6 --set train.warmup_steps=1 --set train.checkpoint_every=3)
(ulimit -f 12288; exec "$switchyard" train "${tiny[@]}" "${large[@]}" --set run.directory=limited) >out 2>err
code=$?
[ $code = 4 ] || complain "a file size limit ended the run with $code, not 4"
grep -q 'ulimit -f' err || complain "the log does not name the file size limit"
[ "$(steps_of limited)" = 6 ] || complain "a file size limit ended the run after $(steps_of limited) steps"

# A run whose process was killed.
"$switchyard" train "${tiny[@]}" --set run.directory=dead --set train.steps=1000000 >out 2>err &
run=$!
wait_for has_steps dead 3
"$switchyard" status dead | grep -q '^state *running$' || complain "a live run is not said to be running"
kill -KILL $run
wait $run 2>/dev/null
"$switchyard" status dead >status 2>err
grep -q '^state *dead' status || complain "status says of a killed run: $(grep '^state' status)"
timeout 30 "$switchyard" status dead --watch >out 2>err || complain "status --watch waits for a dead run"
exit $failed
