#!/bin/bash
# run_again.sh SWITCHYARD: what happens when a run is started again: used, busy, stopped, killed, changed, elastic.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

start() {  # start RANKS ARGUMENTS...
  local ranks=$1
  shift
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" \
    --set data.dataset=data "$@" >out 2>err
}
# expect CODE TEXT RANKS ARGUMENTS...
expect() {
  local code=$1 text=$2
  shift 2
  start "$@"
  local got=$?
  [ $got = "$code" ] && grep -qF -- "$text" err || complain "start $* gave $got, expected $code and '$text'"
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
prepare corpus.jsonl --output other --validation-fraction 0.5
prepare corpus.jsonl --output pieces --tokenizer sentencepiece:300

expect 0 "done after step 20" 2 --set run.directory=whole
expect 2 "add --resume" 2 --set run.directory=whole
expect 0 "done after step 20" 2 --set run.directory=whole --resume
[ "$(ls whole/attempts/*.json | wc -l)" = 1 ] || complain "a start with nothing to do took an attempt"
expect 2 "train.steps = 10, but this run has done 20 steps" 2 --set run.directory=whole --resume --set train.steps=10

# Stopped at a step, then changed in ways that a run may not change.
expect 75 "stopped" 2 --set run.directory=parts --stop-before 7
grep -q '"status": "stopped"' parts/state.json || complain "state.json does not say stopped"
expect 75 "stopped after step 7" 2 --set run.directory=parts --resume --stop-before 7
grep -q '"step": 7' parts/state.json || complain "asked to stop before a step that it has reached, it trains on"
expect 75 "the learning rate goes on at" 2 --set run.directory=parts --resume --set train.learning_rate=2e-3 --stop-before 8
grep -q "changed since the checkpoint: train.learning_rate (was 0.003, is 0.002)" err || complain "a changed rate is not said"
rm -r parts
expect 75 "stopped" 2 --set run.directory=parts --stop-before 7
expect 2 "model.hidden (was 64, is 32)" 2 --set run.directory=parts --resume --set model.hidden=32
expect 2 "train.seed" 2 --set run.directory=parts --resume --set train.seed=2
expect 3 "data.dataset" 2 --set run.directory=parts --resume --set data.dataset=other
expect 3 "another tokenizer" 2 --set run.directory=parts --resume --set data.dataset=pieces
expect 0 "parallel.experts = 2 does not divide 3 ranks: using 1" 3 --set run.directory=parts --resume --set parallel.experts=2
[ "$(hash_of parts)" = "$(hash_of whole)" ] || complain "stopping and going on on 3 ranks changed the weights"

# A checkpoint that rotted is passed over, and the steps after the one before it give the same weights again.
flip whole/checkpoints/step-00000020-a0001/rank-00000.h5 9000
expect 0 "skipped step-00000020-a0001" 2 --set run.directory=whole --resume
grep -q "resuming at step 10" err || complain "a rotten checkpoint: did not go back to the one before"
[ "$(hash_of parts)" = "$(hash_of whole)" ] || complain "going back to an older checkpoint changed the weights"

# Where every checkpoint rotted, nothing is trained over them; where none is left, a line says so.
cp -r whole rotten
for file in rotten/checkpoints/*/rank-00000.h5; do flip "$file" 9000; done
expect 3 "no checkpoint of rotten is good (skipped step-00000020-a000" 2 --set run.directory=rotten --resume
grep -q "move rotten/checkpoints away" err || complain "the way out of a rotten run is not named"
[ ! -e rotten/attempts/0003.json ] || complain "a refused start took an attempt"
mv rotten/checkpoints rotten/away
expect 75 "rotten has no checkpoint to go on from: starting at step 0 again" 2 --set run.directory=rotten --resume --stop-before 1

# A run that stops early says so, keeps its best checkpoint, has nothing left to do, and goes on with more patience.
early=(--set run.directory=early --set train.evaluate_every=2 --set train.min_improvement=100 --set checkpoint.keep_best=1)
expect 0 "stopped early after step 6: 2 evaluations without a loss lower than" 2 "${early[@]}" --set train.patience=2
grep -q '"stopped_early": true' early/state.json || complain "state.json does not say that the run stopped early"
grep -q '"best_step": 2' early/state.json || complain "state.json does not say which step was the best"
expect 0 "stopped early after step 6, as before: nothing was left to do" 2 "${early[@]}" --set train.patience=2 --resume
"$switchyard" evaluate early@best >best 2>err || complain "evaluate early@best"
grep -q "checkpoint .*step-0000000[26]-a0001" best || complain "early@best is another checkpoint"
expect 0 "done after step 20" 2 "${early[@]}" --set train.patience=50 --resume
[ "$(hash_of early)" = "$(hash_of whole)" ] || complain "stopping early and going on changed the weights"

# A live owner holds the run; when it is killed, a start goes on.
start 2 --set run.directory=killed --set train.steps=100000 --set train.checkpoint_every=5 &
for _ in $(seq 100); do ls killed/checkpoints/*/manifest.json >/dev/null 2>&1 && break; sleep 0.1; done
mv err err.first 2>/dev/null
expect 5 "is in use" 2 --set run.directory=killed
pid=$(grep -o '"pid": [0-9]*' killed/attempts/0001.json | grep -o '[0-9]*')
kill -9 "$pid"
wait
expect 75 "stopped after step" 2 --set run.directory=killed --set train.steps=100000 --resume --stop-before 1
[ "$("$switchyard" checkpoint list killed | wc -l)" -ge 2 ] || complain "no two checkpoints are kept"
"$switchyard" checkpoint verify killed >/dev/null || complain "a checkpoint does not verify"

# Asked to leave by a signal.
start 2 --set run.directory=asked --set train.steps=100000 &
for _ in $(seq 100); do [ -s asked/metrics.jsonl ] && break; sleep 0.1; done
kill -USR1 "$(grep -o '"pid": [0-9]*' asked/attempts/0001.json | grep -o '[0-9]*')"
wait $!
code=$?
[ $code = 75 ] || complain "SIGUSR1 gave exit code $code, expected 75"
"$switchyard" checkpoint list asked | grep -q complete || complain "SIGUSR1 did not save"

exit $failed
