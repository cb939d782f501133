#!/bin/bash
# overtaken.sh SWITCHYARD: a run is stopped in mid-save for longer than its lease, another start goes on in its place, and the first
# wakes up: what it then commits is ignored, and it leaves the run to the other.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
ranks() { pgrep -f "^$switchyard train .*directory=$work/run " | sort -n; }
checkpoints=$work/run/checkpoints
saved() { [ -e "$checkpoints/$1/manifest.json" ]; }
saving() { compgen -G "$checkpoints/*/rank-*.h5" >/dev/null && ! saved "$1" && [ -d "$checkpoints/$1" ]; }

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
start() {  # start RANKS ARGUMENTS...
  mpi "$1" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$work/run" --set run.threads=1 \
    --set train.checkpoint_every=20 --set train.steps=100000 --set watchdog.enabled=false "${@:2}"
}

# The save of step 40 goes slowly enough to be met.
start 2 --set checkpoint.write_rate=400000 >first.out 2>first.err &
first=$!
wait_for saved step-00000020-a0001
wait_for saving step-00000040-a0001
kill -STOP $(ranks)
stopped=$(ranks)
saved step-00000040-a0001 && complain "the save of step 40 was over before it could be stopped"
# As a start on another machine sees it: this host's name does not tell that the owner lives, and the lease is old.
sed -i 's/"host": *"[^"]*"/"host": "another"/' run/attempts/0001.json
touch -d '2 minutes ago' run/attempts/0001.lease

start 1 --resume --stop-before 30 >second.out 2>second.err
[ $? = 75 ] || complain "the second start did not go on"
grep -q "resuming at step 20" second.err || complain "the second start did not resume at step 20"
kill -CONT $stopped
wait $first
[ $? = 5 ] || complain "the overtaken run did not leave with exit code 5"
grep -q "attempt 2 took .* over" first.err || complain "the overtaken run does not say by whom"

saved step-00000040-a0001 || complain "the overtaken run committed nothing: this shows nothing"
"$switchyard" checkpoint list run | grep 'step-00000040-a0001' | grep -q 'attempt 2 went on from an older one' ||
  complain "what the overtaken run committed counts"
start 2 --resume --stop-before 31 >third.out 2>third.err
grep -q "resuming at step 30 from .*step-00000030-a0002" third.err || complain "the third start did not go on from the second"
exit $failed
