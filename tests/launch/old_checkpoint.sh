#!/bin/bash
# old_checkpoint.sh SWITCHYARD: a checkpoint of format version 1, with its tokenizer in the manifest, evaluates, samples and
# trains on as one of version 2.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
golden=$root/tests/golden
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }

# The golden ones are of step 3 of 6, on this corpus.
make_corpus corpus.jsonl 40
prepare corpus.jsonl --output data --tokenizer "$golden"/checkpoint-2/tokenizer-*.model --validation-fraction 0.2
for version in 1-sentencepiece 2; do
  mkdir -p run-$version/attempts run-$version/checkpoints
  touch run-$version/attempts/0001.json
  cp -r "$golden/checkpoint-$version" run-$version/checkpoints/step-00000003-a0001
  "$switchyard" inspect run-$version 2>err | grep -q "tokenizer: sentencepiece, 300 ids" || complain "inspect, version $version"
  "$switchyard" evaluate run-$version --dataset data 2>err | grep -v ^checkpoint >evaluated.$version ||
    complain "evaluate, version $version"
  "$switchyard" sample run-$version --prompt "Page 7" --max-tokens 20 --seed 3 >sampled.$version 2>err || complain "sample, version $version"
  "$switchyard" inspect run-$version --json | perl -MJSON::PP -e 'print decode_json(join "", <>)->{config}' >config.toml
  mpi 2 "$switchyard" train config.toml --set data.dataset=data --set run.directory=run-$version --resume >out 2>err ||
    complain "train on, version $version"
  grep -q "resuming at step 3" err || complain "does not go on from version $version"
done
cmp evaluated.1-sentencepiece evaluated.2 || complain "versions evaluate differently"
cmp sampled.1-sentencepiece sampled.2 || complain "versions sample differently"
[ "$(hash_of run-1-sentencepiece)" = "$(hash_of run-2)" ] || complain "versions train on to other weights"
"$switchyard" checkpoint verify run-1-sentencepiece >/dev/null || complain "what went on from version 1 does not verify"
ls run-1-sentencepiece/checkpoints/step-00000006-a0002/tokenizer-*.model >/dev/null || complain "no tokenizer beside the tensors"
exit $failed
