#!/bin/bash
# int8_values.sh SWITCHYARD: a run whose matrices are int8 codes has the same bits on any layout and through a resume; its checkpoint
# is evaluated, exported and trained on; what does not go with codes is refused.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../program.sh"

make_corpus corpus.jsonl 120
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
train() {  # train RANKS KEYS...
  local ranks=$1
  shift
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set train.steps=6 --set train.warmup_steps=2 \
    --set train.values=int8 "$@" >out 2>err
}
works() { "$@" || complain "$*"; }
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
loss_of() { "$switchyard" evaluate "$1" --dataset data 2>err | sed -n 's/^validation loss  //p'; }
near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-10 * a * a) }'; }

works train 1 --set run.directory=one --set train.evaluate_every=6
train 3 --set run.directory=other --set train.placement_every=1 --stop-before 2
[ $? = 75 ] || complain "a run of three ranks that stops early"
works train 2 --set run.directory=other --resume --set train.evaluate_every=6
[ "$(hash_of one)" = "$(hash_of other)" ] || complain "another layout has other bits"
works train 1 --set run.directory=nearest --set train.int8_rounding=nearest
[ "$(hash_of one)" != "$(hash_of nearest)" ] || complain "the rounding changes nothing"

"$switchyard" inspect one >out || complain "inspect"
grep -q "as int8 codes" out || complain "no codes in a checkpoint"
trained=$(sed -n 's/.*"validation_loss":\([0-9.]*\).*/\1/p' one/metrics.jsonl)
near "$(loss_of one)" "$trained" || complain "evaluate finds the loss $(loss_of one), the run $trained"
works "$switchyard" export one --hugging-face hf >out
works "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set train.steps=2 --set train.warmup_steps=0 \
  --set train.initial=one --set run.directory=f32 >out 2>err
works train 1 --set train.initial=one --set run.directory=again

for key in train.optimizer=muon galore.rank=4 adapter.rank=4 low_rank.rank=8 dropout.weights=0.1; do
  train 1 --set run.directory=refused --set $key
  [ $? != 0 ] && grep -q 'train.values = "int8" keeps matrices as codes' err || complain "$key with codes"
done
train 1 --set run.directory=one --resume --set train.values=f32
grep -qF 'a changed train.values (was' err || complain "train.values may not change"
exit $failed
