#!/bin/bash
# builds: switchyard
# soak.sh STATE-FOLDER [MINUTES]: promise F3, no false alarm: 8 ranks on whatever cores there are, with as many busy loops beside them
# as there are cores, a save every few steps, and a watchdog of 5 s. 20 minutes. Spikes pass: after a thousand steps the few documents
# are learned by heart, and their loss jumps at times.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
rm -rf "$state/work" && mkdir -p "$state/work" && cd "$state/work" || exit 1
for i in $(seq 80); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data >/dev/null 2>prepare.log || { cat prepare.log; exit 1; }

busy=()
for _ in $(seq "$(nproc)"); do
  (while :; do :; done) &
  busy+=($!)
done
mpirun --oversubscribe --bind-to none -n 8 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data \
  --set run.directory="$PWD/run" --set train.steps=1000000 --set train.checkpoint_every=20 --set run.threads=1 --set watchdog.peer_timeout=5 \
  --set guard.spike_sigma=0 >out 2>err &
job=$!
trap 'kill "${busy[@]}" $job 2>/dev/null' EXIT
end=$((SECONDS + 60 * ${2:-20}))
while [ $SECONDS -lt $end ] && kill -0 $job 2>/dev/null; do sleep 1; done
kill -0 $job 2>/dev/null || { echo "FAILED: it ended by itself"; tail -20 err; exit 1; }
kill -USR1 $job
wait $job
grep -q '"status": "preempted"' run/state.json || { echo "FAILED: it did not save at the end"; tail -20 err; exit 1; }
grep 'died\|silent\|no step' run/logs/incidents.log 2>/dev/null && { echo "FAILED: a false alarm"; exit 1; }
echo "$(grep -oP '"step": \K[0-9]+' run/state.json) steps in ${2:-20} minutes, $(grep -c checkpoint run/metrics.jsonl) saves, \
$(cat run/logs/incidents.log 2>/dev/null | grep -c 'is slow') times a rank called slow, no false alarm"
