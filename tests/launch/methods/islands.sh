#!/bin/bash
# islands.sh SWITCHYARD: training on islands has the same bits on any number of ranks to an island and through stops between
# sending and mixing in; one island is the ordinary run; what does not fit is refused; a failure of one island ends all.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../program.sh" "$1"
make_corpus corpus.jsonl 300
prepare corpus.jsonl --output data

train() {  # train DIRECTORY RANKS ARGUMENTS...: the exit code is the program's
  local directory=$1 ranks=$2
  shift 2
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$directory" --resume \
    --set train.steps=12 --set train.evaluate_every=4 "$@" >out 2>err
}
losses() {  # every step and evaluation, and what the islands agreed on
  sed -E '/"kind":"save"/d; s/"attempt":[0-9]+,//; s/"tokens_per_second":[^,]*,//; s/,"course":.*//; s/"bytes":.*"islands":/"islands":/' \
    "$1/metrics.jsonl"
}
result() {
  losses "$1"
  "$switchyard" checkpoint hash "$1" | cut -d' ' -f1
}
same_bits() {  # same_bits NAME ARGUMENTS...: on 1, 2 and 3 ranks an island, with stops
  local name=$1
  shift
  train reference 2 "$@" || complain "$name on two ranks"
  train other 4 --set parallel.experts=1 "$@" || complain "$name on four ranks"
  train stopped 6 --stop-before 7 "$@"
  [ $? = 75 ] || complain "$name did not stop"
  train stopped 2 --stop-before 9 "$@"
  train stopped 4 "$@" || complain "$name did not go on"
  result reference >reference.result
  [ "$(grep -c '"kind":"islands"' reference.result)" -ge 2 ] || complain "$name: the islands did not meet"
  for run in other stopped; do
    result $run | cmp -s reference.result - || { diff reference.result <(result $run) | head -4; complain "$name: $run differs"; }
  done
  "$switchyard" evaluate reference >/dev/null 2>err || complain "$name: its checkpoint is no model"
  rm -rf reference other stopped
}
same_bits DiLoCo --set islands.count=2 --set islands.sync_every=4
same_bits streaming --set islands.count=2 --set islands.sync_every=6 --set islands.fragments=3 --set islands.overlap_steps=2 \
  --set islands.mix=0.5 --set islands.payload=int8 --set router.bias_rate=0.01 --set islands.vote_every=3
same_bits robust --set islands.count=2 --set islands.sync_every=5 --set islands.payload=bf16 --set islands.aggregate=median \
  --set train.moments=bf16 --set 'train.freeze=["embedding"]' --set islands.overlap_steps=4

train plain 2 || complain "a run without islands"
train one 2 --set islands.sync_every=4 --set islands.outer_rate=1 --set islands.outer_momentum=0 || complain "one island"
cmp -s <(losses plain) <(losses one | grep -v '"kind":"islands"') || complain "one island is not the ordinary run"
train plain 2 --set train.steps=14 --set islands.sync_every=4 && complain "islands were added to a run without them"
grep -q 'keep islands.sync_every at 0' err || complain "it does not say why"

refused() {  # refused WHAT ARGUMENTS...
  local what=$1
  shift
  train refused 2 "$@"
  [ $? = 2 ] && grep -q "$what" err || complain "not refused: $*"
  [ -e refused ] && complain "refused, and something was written: $*"
}
refused 'needs islands.sync_every' --set islands.count=2
refused 'does not divide the number of ranks' --set islands.count=3 --set islands.sync_every=4
refused 'do not divide among islands.count' --set islands.count=2 --set islands.sync_every=4 --set train.global_batch_size=10
refused 'more than the 2 steps between' --set islands.count=2 --set islands.sync_every=4 --set islands.fragments=2 \
  --set islands.overlap_steps=3
refused 'fewer than half' --set islands.count=2 --set islands.sync_every=4 --set islands.aggregate=trimmed_mean
refused 'train.placement_every' --set islands.count=2 --set islands.sync_every=4 --set train.placement_every=4

# All diverge at once here, and at different steps in general: none waits for another.
train diverges 2 --set islands.count=2 --set islands.sync_every=8 --set train.learning_rate=90 --set train.weight_decay=0 \
  --set train.clip_norm=0 --set train.warmup_steps=0 --set guard.rewinds=0
[ $? = 6 ] || complain "islands that diverge end with 6"
grep -q 'island 0: step' err || complain "it does not name the island"
exit $failed
