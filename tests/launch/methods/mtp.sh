#!/bin/bash
# mtp.sh SWITCHYARD: modules of multi-token prediction are trained, leave the model as it is at weight 0, are left out by all that
# does not train, and come from an initial model as far as it has them.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../program.sh"

make_corpus corpus.jsonl 120
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
short=(--set data.dataset=data --set train.steps=4 --set train.warmup_steps=2)
run() { "$switchyard" train "$root/examples/tiny.toml" "${short[@]}" "$@" >out 2>err || complain "train $*"; }
says() {  # says TEXT COMMAND...
  local text=$1
  shift
  "$@" >out 2>err || complain "$*"
  grep -qF -- "$text" out err || complain "no \"$text\" from: $*"
}
refuses() {  # refuses TEXT KEYS...
  local text=$1
  shift
  "$switchyard" train "$root/examples/tiny.toml" "${short[@]}" "$@" >out 2>err
  [ $? = 2 ] && grep -qF -- "$text" err || complain "code 2 and \"$text\" from: $*"
}
losses() { sed -n 's/.*"kind":"step".*"loss":\([0-9.]*\),"gradient_norm".*/\1/p' "$1/metrics.jsonl"; }

run --set run.directory=plain --set train.evaluate_every=4
run --set run.directory=idle --set model.mtp_depth=2 --set train.mtp_weight=0 --set train.evaluate_every=4
[ "$(losses plain)" = "$(losses idle)" ] || complain "modules without a weight change the losses"
grep -q '"mtp_loss"' plain/metrics.jsonl idle/metrics.jsonl && complain "a loss of modules that nobody computes"
run --set run.directory=a --set model.mtp_depth=2
[ "$(grep -c '"mtp_loss":\[[0-9.]*,[0-9.]*\],"layers"' a/metrics.jsonl)" = 4 ] || complain "four steps with two losses of modules"
[ "$(losses plain)" != "$(losses a)" ] || complain "modules change no loss"

says "2 modules of multi-token prediction" "$switchyard" inspect a
says "validation loss" "$switchyard" evaluate a
evaluated=$(sed -n 's/^validation loss  //p' out)
says "left out: 2 modules" "$switchyard" export a --hugging-face hf
says "left out: 2 modules" "$switchyard" model quantize a --bits 8 --output quantized
says "layers" "$switchyard" inspect quantized
grep -q "multi-token" out && complain "a quantized model with modules"
says "validation loss  $evaluated" "$switchyard" evaluate a  # reads nothing that the others wrote
echo -e 'method = "average"\n[[input]]\npath = "a"\n[[input]]\npath = "plain"' >merge.toml
says "left out: 2 modules" "$switchyard" model make merge.toml --output merged

run --set run.directory=b --set train.initial=a
grep -q "2 modules of multi-token prediction beyond model.mtp_depth = 0 were left out" err || complain "a note of modules left out"
run --set run.directory=c --set train.initial=quantized --set model.mtp_depth=1
grep -q "holds 0 modules of multi-token prediction, so train.seed draws 1 anew" err || complain "a note of modules that are drawn"
run --set run.directory=d --set train.initial=a --set model.mtp_depth=2
grep -q "multi-token" err && complain "a note about modules that are all there"

refuses "set model.mtp_depth = 0" --set run.directory=e --set model.mtp_depth=1 --set adapter.rank=2
refuses "model.mtp_depth (was 2, is 1)" --set run.directory=a --resume --set model.mtp_depth=1
exit $failed
