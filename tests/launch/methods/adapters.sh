#!/bin/bash
# adapters.sh SWITCHYARD: adapters begin at the loss of their base, resume, fold, and become PEFT's files and a model again; low-rank
# models are factored with the same bits on any number of ranks; guides end in the middle of a run.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../program.sh"

make_corpus corpus.jsonl 120
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
train() { "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data "$@" >out 2>err || complain "train $*"; }
short="--set train.steps=6 --set train.warmup_steps=2 --set model.shared_expert_hidden=0 --set router.gate=softmax_topk"
loss_of() { "$switchyard" evaluate "$1" --dataset data 2>err | sed -n 's/^validation loss  //p'; }
near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-12 * a * a) }'; }
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
expect() {  # expect CODE TEXT COMMAND...
  local code=$1 text=$2
  shift 2
  "$@" >out 2>err
  local found=$?
  [ $found = "$code" ] && grep -qF -- "$text" out err || complain "code $found from: $*"
}
train $short --set run.directory=base

lora="$short --set train.initial=base --set adapter.rank=4 --set train.evaluate_every=3"
everywhere='adapter.targets=["attention", "ffn", "experts", "router"]'
train $lora --set run.directory=a
"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $lora --set run.directory=b --set "$everywhere" --stop-before 3 >out 2>err
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $lora --set run.directory=b --set "$everywhere" --resume \
  >out 2>err || complain "resume on two ranks"
train $lora --set run.directory=c --set "$everywhere"
[ "$(hash_of b)" = "$(hash_of c)" ] || complain "adapters that resumed on two ranks have other bits"
first=$(head -n 1 b/metrics.jsonl | grep -oE '"loss":[0-9.]+')
train $short --set train.initial=base --set run.directory=full
[ "$first" = "$(head -n 1 full/metrics.jsonl | grep -oE '"loss":[0-9.]+')" ] || complain "adapters do not begin with the bits of their base's loss"
expect 2 "adapter.rank (was 4, is 8)" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $lora --set adapter.rank=8 \
  --set run.directory=a --set train.steps=8 --resume
expect 2 'adapter.targets names "attention.q"' "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $lora \
  --set run.directory=d --set 'adapter.targets=["attention.q"]'

for run in a c; do
  "$switchyard" model fold $run -o folded-$run >out 2>err || complain "model fold $run"
  near "$(loss_of $run)" "$(loss_of folded-$run)" || complain "$run has another loss when it is folded"
done
"$switchyard" model rebuild folded-c >out 2>err || complain "model rebuild of a folded model"
expect 2 "neither adapters nor low-rank layers" "$switchyard" model fold base -o d
expect 2 "adapters (see switchyard model fold)" "$switchyard" export a --hugging-face d
"$switchyard" export folded-a --hugging-face exported >out 2>err || complain "export of a folded model"
"$switchyard" model adapter a -o peft >out 2>err || complain "model adapter"
mpi 2 "$switchyard" model adapter peft --base base -o back >out 2>err || complain "model adapter --base"
[ "$(loss_of back)" = "$(loss_of a)" ] || complain "adapters that were PEFT's files have another loss"
grep -qF "targets = ['*.attention.q', '*.attention.v']" <("$switchyard" config --set train.initial=back) || complain "other targets come back"
expect 2 "has an adapter that PEFT has no place for" "$switchyard" model adapter c -o d
expect 2 "has no adapters" "$switchyard" model adapter base -o d
sed -i 's/"use_dora": false/"use_dora": true/' peft/adapter_config.json
expect 3 "use_dora" "$switchyard" model adapter peft --base base -o d

for ranks in 1 3; do
  mpi $ranks "$switchyard" model low-rank base --share 0.5 --dtype f32 -o narrow$ranks >out 2>err || complain "model low-rank on $ranks ranks"
  grep -oE '^[0-9a-f]{32}$' out
done >hashes
[ "$(sort -u hashes | wc -l)" = 1 ] && [ "$(wc -l <hashes)" = 2 ] || complain "model low-rank differs with the number of ranks"
"$switchyard" model low-rank base --rank 64 --layers 0,2 -o whole >out 2>err || complain "model low-rank of full rank"
near "$(loss_of base)" "$(loss_of whole)" || complain "a model of full rank has another loss"
"$switchyard" model fold narrow1 -o wide >out 2>err || complain "model fold of a low-rank model"
near "$(loss_of narrow1)" "$(loss_of wide)" || complain "a low-rank model has another loss when it is folded"
printf 'method = "low_rank"\n[[input]]\npath = "base"\n' >none.toml
printf 'method = "grow"\ntimes = 2\nby = "split"\n[[input]]\npath = "narrow1"\n' >grow.toml
expect 2 "either rank or share" "$switchyard" model make none.toml --dry-run
expect 2 "fold it first" "$switchyard" model make grow.toml --dry-run

guided="$short --set train.initial=narrow1 --set train.guide_steps=4 --set train.checkpoint_every=2"
train $guided --set run.directory=g
grep -q "the guides ended with step 4" err || complain "the guides do not end"
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $guided --set run.directory=h --stop-before 2 >out 2>err
mpi 3 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data $guided --set run.directory=h --resume >out 2>err ||
  complain "a guided run goes on"
[ "$(hash_of g)" = "$(hash_of h)" ] || complain "a guided run that stopped has other bits"
"$switchyard" evaluate g@2 >out 2>err || complain "evaluate of a guided step"
exit $failed
