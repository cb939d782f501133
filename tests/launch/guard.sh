#!/bin/bash
# guard.sh SWITCHYARD: steps are unusual, the run goes back to a checkpoint, and ends with exit code 6; broken steps are left out;
# the same decisions on any number of ranks, and when it was stopped in between.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data

# A guard to which ordinary steps are unusual: above the median is enough. Each such step is the same when computed again, so it is an
# outlier; a few of them in a row send the run back.
start() {  # start RANKS DIRECTORY ARGUMENTS...
  local ranks=$1 directory=$2
  shift 2
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$directory" \
    --set train.steps=60 --set train.checkpoint_every=2 --set train.learning_rate=0 --set train.min_learning_rate=0 --set train.seed=4 \
    --set guard.window=4 --set guard.spike_sigma=0.02 --set guard.skips=1 --set guard.rewinds=1 "$@" >out 2>err
}
decisions() { sed -nE '/"guard":/s/"attempt":[0-9]+,//p' "$1/metrics.jsonl"; }

start 1 alone
code=$?
[ $code = 6 ] || complain "exit code $code, not 6"
grep -q "guard.rewinds = 1 is used up" err || complain "no word of the limit"
for decision in outlier rewind; do
  grep -q "\"guard\":\"$decision\"" alone/metrics.jsonl || complain "nothing was $decision"
done
grep -qE '"guard":"outlier".*"rows":\{"[^"]+":[0-9]+' alone/metrics.jsonl || complain "the sources of an outlier are not said"
grep -q "went back to step" alone/logs/rank0.log || complain "the log does not say that it went back"
[ "$(ls alone/attempts/*.json | wc -l)" = 2 ] || complain "going back is not an attempt of its own"

first=$(decisions alone | head -1 | sed -E 's/.*"step":([0-9]+).*/\1/')
moving=(--set train.placement_every=3 --set router.extra_copies=2 --set train.recompute_layers=1)
start 2 stopped "${moving[@]}" --stop-before "$(((first - 1) / 2 * 2))"  # where there is a checkpoint anyway: none more to go back to
start 3 stopped "${moving[@]}" --resume
decisions alone >expected
decisions stopped >got
cmp -s expected got || { complain "on 2 and 3 ranks, stopped in between, the decisions differ"; diff expected got | head -4; }

# A loss too large for its fixed point: every step is left out, and the run ends all the same, with a checkpoint.
endless() {
  mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=nothing --set router.z_loss=1e6 \
    --set train.steps=4 --set train.warmup_steps=0 --set train.checkpoint_every=2 --set guard.skips=10 "$@" >out 2>err
}
endless --stop-before 1
code=$?
[ $code = 75 ] || { complain "stopped before any step was taken: exit code $code, not 75"; tail -3 err; }
endless --resume || { complain "a run without a step that was taken does not end"; tail -3 err; }
grep -qE "the guard left out 4 batches: [0-9]+ rows of" err || complain "what was left out is not said at the end"
[ "$(grep -c '"guard":"skipped"' nothing/metrics.jsonl)" = 4 ] || complain "not all four steps were left out"
[ -e nothing/checkpoints/step-00000004-a0002/manifest.json ] || complain "the run ended without a checkpoint"
exit $failed
