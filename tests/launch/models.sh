#!/bin/bash
# models.sh SWITCHYARD: models are made of runs with the same bits on any number of ranks, commands take them, a run starts from
# one at exactly its loss, and a parent that was tampered with is found.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 120
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
head -n 60 corpus.jsonl >half.jsonl
prepare half.jsonl --output bytes --tokenizer bytes
train() { "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data "$@" 2>err || complain "train $*"; }
short="--set train.steps=6 --set train.warmup_steps=2"
train $short --set run.directory=base --set router.scale=1.5 --set router.bias_rate=0.01

# A new run takes weights, biases and what describes the model from the old one.
from_base="$short --set train.initial=base --set train.evaluate_every=1 --set data.sequence_length=96 --set router.balance_loss=0"
still="--set train.steps=1 --set train.warmup_steps=0 --set train.learning_rate=0 --set train.min_learning_rate=0 --set train.weight_decay=0"
loss=$("$switchyard" evaluate base 2>err | sed -n 's/^validation loss  //p')
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=still$ranks \
    --set train.initial=base@6 --set train.evaluate_every=1 $still 2>err || complain "train from a model on $ranks ranks"
  grep -qF "\"validation_loss\":$loss" still$ranks/metrics.jsonl || complain "a run on $ranks ranks does not begin at the loss $loss of its model"
  "$switchyard" checkpoint hash still$ranks | cut -d' ' -f1
done >hashes 2>err
[ "$(sort -u hashes | wc -l)" = 1 ] || complain "runs from a model differ with the number of ranks"
grep -qE '^scale = 1.5' still1/config.toml || complain "the run does not take router.scale from its model"
grep -qF "$PWD/base/checkpoints/step-00000006-a0001" still1/config.toml || complain "config.toml does not say what the run started from"
train $from_base --set run.directory=a --set train.seed=2
train $from_base --set run.directory=b --set train.seed=3

expect() {  # expect CODE TEXT COMMAND...
  local code=$1 text=$2
  shift 2
  "$@" >out 2>err
  local found=$?
  [ $found = "$code" ] && grep -qF -- "$text" out err || complain "code $found from: $*"
}
expect 2 "model.hidden (is 96, there 64)" "$switchyard" config "$root/examples/tiny.toml" --set train.initial=base --set model.hidden=96
expect 3 "another tokenizer" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=bytes --set run.directory=c --set train.initial=base
expect 3 "train.initial = \"nowhere\": nowhere is neither" "$switchyard" config --set train.initial=nowhere
mv base away
train $from_base --set run.directory=a --set train.seed=2 --set train.steps=7 --resume
mv away base

recipe() {  # recipe METHOD LINES: of a and b
  printf 'method = "%s"\n%b\n[[input]]\npath = "a"\n[[input]]\npath = "b"\nweight = 0.5\n' "$1" "${2:-}"
}
made() { grep -oE '^[0-9a-f]{32}$' out; }
recipe ties 'base = "base"\ndensity = 0.3' >ties.toml
printf '[[override]]\nmatch = "*.router"\nmethod = "average"\n' >>ties.toml
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" model make ties.toml --output ties$ranks >out 2>err || complain "model make on $ranks ranks"
  made
done >hashes
[ "$(sort -u hashes | wc -l)" = 1 ] && [ "$(wc -l <hashes)" = 3 ] || complain "model make differs with the number of ranks"
recipe dare_ties 'base = "base"\ndensity = 0.5\nseed = 3\ndtype = "bf16"' >dare.toml
"$switchyard" model make dare.toml -o dare >out 2>err || complain "model make with DARE"
printf 'method = "average"\n[[input]]\npath = "a"\n[[input]]\npath = "a"\n' >same.toml
"$switchyard" model make same.toml -o same >out 2>err || complain "model make of a run with itself"
[ "$("$switchyard" evaluate same --dataset data 2>err | grep loss)" = "$("$switchyard" evaluate a 2>err | grep loss)" ] ||
  complain "a run merged with itself has another loss"

expect 0 "a/checkpoints/step-" "$switchyard" checkpoint hash a@best
expect 3 "no checkpoint of base has a validation loss" "$switchyard" checkpoint hash base@best

# Growing and upcycling keep the function.
loss_of() { "$switchyard" evaluate "$1" --dataset data 2>err | sed -n 's/^validation loss  //p'; }
grown() {  # grown FROM NAME TEXT
  printf "$3\n[[input]]\npath = \"$1\"\n" >$2.toml
  mpi 2 "$switchyard" model make $2.toml -o $2 >out 2>err || complain "model make $2"
  awk -v a="$(loss_of $1)" -v b="$(loss_of $2)" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-12 * a * a) }' || complain "$2 has another loss than $1"
}
train $short --set run.directory=dense --set model.num_experts=0
grown a split 'method = "grow"\ntimes = 4\nby = "split"'
grown a copied 'method = "grow"\ntimes = 2\nby = "copy"'
grown dense upcycled 'method = "mix"\nexperts = 4'
grown dense granular 'method = "mix"\nexperts = 4\nshards = 2\nlayers = [1, 2]'
expect 0 "32 experts, 8 per token" "$switchyard" inspect split
sed 's/"dense"/"a"/' upcycled.toml >twice.toml
expect 2 "the models have experts already" "$switchyard" model make twice.toml --dry-run

# What takes a checkpoint takes a model.
expect 0 "validation loss" "$switchyard" evaluate ties1 --dataset data
expect 2 "name one with --dataset" "$switchyard" evaluate ties1
expect 0 "" "$switchyard" sample dare --prompt Page --max-tokens 4
expect 0 "made of: $PWD/a/checkpoints/step-00000007" "$switchyard" inspect ties1
expect 0 ": good" "$switchyard" checkpoint verify ties1
expect 0 "0 of " "$switchyard" checkpoint diff ties1 ties2
expect 3 "only in the second" "$switchyard" checkpoint diff ties1 a
expect 0 "  archive" "$switchyard" checkpoint copy ties1 archive
expect 0 "" "$switchyard" config "$root/examples/tiny.toml" --set train.initial=dare
expect 2 "holds manifest.json: name a folder that does not exist" "$switchyard" model make ties.toml -o ties1
expect 0 "4 passes" "$switchyard" model make ties.toml --dry-run
expect 0 "slowest of 2 ranks: about " mpi 2 "$switchyard" model make ties.toml --dry-run
expect 0 "$(head -n 1 hashes)" mpi 2 "$switchyard" model make ties.toml --check

# A folder of transformers is a source like the run that was exported, and a result.
"$switchyard" export a --hugging-face hub >out 2>err || complain "export of a"
sed 's/"a"/"hub"/' ties.toml >hub.toml
expect 0 "$(head -n 1 hashes)" mpi 3 "$switchyard" model make hub.toml --output ties-hub
expect 0 "hugging_face $PWD/hub" "$switchyard" lineage ties-hub
expect 0 "wrote merged-hub" mpi 2 "$switchyard" model make ties.toml --output merged-hub --hugging-face
expect 0 "wrote" "$switchyard" import merged-hub --output merged-back
expect 0 "$(head -n 1 hashes)" "$switchyard" model rebuild merged-hub
expect 0 "0 of " "$switchyard" checkpoint diff ties1 merged-back
file=hub/model.safetensors
flip $file $(($(stat -c %s $file) - 9))
expect 3 "$PWD/hub: changed: " "$switchyard" lineage ties-hub
expect 3 "hub is not what it was" "$switchyard" model rebuild ties-hub
rm ties2/manifest.json
expect 0 "wrote ties2" "$switchyard" model make ties.toml -o ties2

expect 0 "ties3 is what its recipe makes" mpi 2 "$switchyard" model rebuild ties3
expect 2 "was not made by a recipe" "$switchyard" model rebuild "$(echo a/checkpoints/step-00000007*)"
expect 0 "checkpoint $PWD/base/checkpoints" "$switchyard" lineage ties3
sed 's/"a"/"ties3"/; s/"b"/"dare"/; s/^base.*/base = "base"/' ties.toml >second.toml
"$switchyard" model make second.toml -o second >out 2>err || complain "model make of models"
file=ties3/rank-00000.h5
middle=$(($(stat -c %s "$file") / 2))
flip "$file" $middle
expect 3 "$PWD/ties3: damaged: " "$switchyard" lineage second
expect 3 "ties3/rank-00000.h5 is damaged" "$switchyard" model rebuild second
flip "$file" $middle
expect 0 "" "$switchyard" lineage second
rm -r ties3 && cp -r dare ties3
expect 3 "$PWD/ties3: changed: " "$switchyard" lineage second --quick
expect 3 "ties3 is not what it was" "$switchyard" model rebuild second

# Quantise and prune: the same bits on any number of ranks, codes that commands multiply, and the same again.
compressed() {  # compressed NAME OPTIONS...: of the run a
  local name=$1
  shift
  for ranks in 1 2 3; do
    mpi $ranks "$switchyard" model "$@" a --output $name$ranks >out 2>err || complain "model $* on $ranks ranks"
    made
  done >hashes
  [ "$(sort -u hashes | wc -l)" = 1 ] && [ "$(wc -l <hashes)" = 3 ] || complain "model $* differs with the number of ranks"
  expect 0 "is what its recipe makes" mpi 2 "$switchyard" model rebuild ${name}1
}
within() {  # within MODEL LIMIT: the loss differs from that of a by less
  awk -v a="$(loss_of a)" -v b="$(loss_of "$1")" -v limit="$2" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d < limit && -d < limit) }' ||
    complain "$1 has the loss $(loss_of "$1"), and a $(loss_of a)"
}
calibrate="--calibrate data --tokens 4096"
compressed int8- quantize --bits 8
compressed gptq- quantize --bits 4 --group 16 --method gptq $calibrate
compressed wanda- prune --sparsity 0.5 --method wanda $calibrate
compressed two- prune --pattern 2:4 --method sparsegpt $calibrate
compressed half- prune --sparsity 0.5
within int8-1 0.02
within gptq-1 0.1
expect 0 "matrices as int4 codes" "$switchyard" inspect gptq-1
expect 0 "" mpi 2 "$switchyard" sample gptq-1 --prompt "Page" --max-tokens 8
[ "$(loss_of int8-1)" = "$(mpi 3 "$switchyard" evaluate int8-1 --dataset data 2>err | sed -n 's/^validation loss  //p')" ] ||
  complain "the loss of codes differs with the number of ranks"
printf 'method = "average"\n[[input]]\npath = "int8-1"\n' >decode.toml
"$switchyard" model make decode.toml -o decoded >out 2>err || complain "model make of codes"
within decoded 0.02
expect 2 "does not divide the" "$switchyard" model quantize a --bits 4 --group 1000 --output no
expect 2 "name a dataset with --calibrate" "$switchyard" model prune a --sparsity 0.5 --method wanda --output no
expect 3 "another tokenizer" "$switchyard" model prune a --sparsity 0.5 --method wanda --calibrate bytes --output no

# Fewer experts. Of a mixture whose router prefers none, the first two are chosen: those of `dense`.
train $short --set run.directory=other --set model.num_experts=0 --set train.seed=5
printf 'method = "mix"\nexperts = 4\nrouter_std = 0\n[[input]]\npath = "dense"\n[[input]]\npath = "other"\n' >unused.toml
"$switchyard" model make unused.toml -o unused >out 2>err || complain "model make unused"
"$switchyard" model experts unused --keep 2 $calibrate -o used >out 2>err || complain "model experts unused"
awk -v a="$(loss_of unused)" -v b="$(loss_of used)" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-12 * a * a) }' ||
  complain "experts that no token chose were missed"
compressed reap- experts --keep 5 --merge $calibrate
expect 0 "5 experts, 2 per token" "$switchyard" inspect reap-1
expect 0 '"kept"' grep -o '"kept":' reap-1/manifest.json
train $short --set run.directory=kept --set train.initial=reap-1 --set model.num_experts=5 --set train.steps=1 --set train.warmup_steps=0
printf 'method = "average"\n[[input]]\npath = "a"\n' >copy.toml
expect 0 "$("$switchyard" model make copy.toml --check 2>err | tail -n 1)" "$switchyard" model experts a --keep 8 --by man $calibrate -o all
expect 2 "looks at no data" "$switchyard" model experts a --keep 4 --by random $calibrate -o no

exit $failed
