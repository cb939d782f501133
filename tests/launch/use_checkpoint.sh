#!/bin/bash
# use_checkpoint.sh SWITCHYARD: evaluate, sample, inspect and checkpoint say the same on any number of ranks, and sample
# needs nothing but the checkpoint.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 200
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run 2>err || complain "train"

# 16 ranks are more than a step of training has micro-batches.
"$switchyard" evaluate run >one 2>err || complain "evaluate on one rank"
for ranks in 3 16; do
  mpi $ranks "$switchyard" evaluate run >many 2>err || complain "evaluate on $ranks ranks"
  cmp one many || complain "evaluate on $ranks ranks says something else"
done
for line in "validation loss" perplexity "bits per byte" tokens documents; do
  grep -q "^$line" one || complain "evaluate does not say $line"
done

prepare corpus.jsonl --output bytes --tokenizer bytes
"$switchyard" evaluate run --dataset bytes >out 2>err
[ $? = 3 ] && grep -q "another tokenizer" err || complain "evaluate accepts a dataset of another tokenizer"

cp -r run/checkpoints/step-00000020-a0001 moved
rm -rf data
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" sample moved --prompt "Page 7" --max-tokens 20 --seed 3 >sample.$ranks 2>err ||
    complain "sample on $ranks ranks"
  cmp sample.1 sample.$ranks || complain "sample on $ranks ranks writes something else"
done
grep -q "^Page 7" sample.1 || complain "a sample does not start with its prompt"
[ "$(wc -c <sample.1)" -gt 10 ] || complain "the sample is empty"

"$switchyard" checkpoint hash run | grep -qE '^[0-9a-f]{32}  run/checkpoints/step-00000020-a0001$' || complain "checkpoint hash"
"$switchyard" checkpoint hash moved | grep -q "^$("$switchyard" checkpoint hash run | cut -d' ' -f1) " || complain "hash of a copy"
"$switchyard" inspect moved --json | perl -MJSON::PP -e 'exit(decode_json(join "", <>)->{step} != 20)' || complain "inspect --json"
"$switchyard" sample "$root/tests/golden/checkpoint-1" --prompt "Page" --max-tokens 5 >out 2>err || complain "a golden checkpoint"
"$switchyard" checkpoint list run | grep -q "20 .*complete" || complain "checkpoint list"
"$switchyard" checkpoint verify moved | grep -q "GB/s" || complain "checkpoint verify says no speed"
"$switchyard" checkpoint copy run copied | grep -q "^$("$switchyard" checkpoint hash run | cut -d' ' -f1) " || complain "checkpoint copy"
"$switchyard" checkpoint diff run copied | grep -q "^0 of" || complain "a copy differs"
"$switchyard" checkpoint diff run/checkpoints/step-00000010-a0001 copied --all >out
[ $? = 3 ] && grep -q "^value/embedding: .* values" out || complain "checkpoint diff finds no difference"
"$switchyard" checkpoint diff run@10 run/20 --json >out
perl -MJSON::PP -e '
  $d = decode_json(join "", <>); @r = map { $_->{relative} // 9e9 } @{$d->{differences}};  # null: of zeros
  exit !(@r == $d->{different} && $r[0] >= $r[-1] && $d->{first} =~ /00010/)' <out || complain "checkpoint diff --json, by short names"
"$switchyard" checkpoint list run --json | perl -MJSON::PP -e '
  $c = decode_json(join "", <>)->{checkpoints}; exit !(@$c == 2 && $c->[1]{step} == 20 && $c->[1]{health} eq "complete")' ||
  complain "checkpoint list --json"
"$switchyard" checkpoint verify run --json | perl -MJSON::PP -e '
  exit !(2 == grep { $_->{good} } @{decode_json(join "", <>)->{checkpoints}})' || complain "checkpoint verify --json"

# The run's own policy decides what `prune` keeps: here every 10th step, which options replace.
cp -r run ruled
for attempt in 2 3; do cp -r ruled/checkpoints/step-00000020-a000{1,$attempt}; done
sed -i 's/^keep = [0-9]*/keep = 2/; s/^keep_every = [0-9]*/keep_every = 10/' ruled/config.toml
"$switchyard" checkpoint prune ruled --keep-every 0 --dry-run >out 2>err
grep -q "^2 to delete, 2 left" out && grep -q "^would delete ruled/checkpoints/step-00000010-a0001" out || complain "prune --dry-run"
grep -q ruled/config.toml err || complain "prune does not name the policy that it follows"
"$switchyard" checkpoint prune ruled 2>err | grep -q "^0 deleted, 4 left" || complain "prune does not follow the run's policy"
"$switchyard" checkpoint prune run --keep 2 2>/dev/null | grep -q "^0 deleted, 2 left" || complain "checkpoint prune"
"$switchyard" inspect bytes | grep -q "bytes, 257 ids" || complain "inspect of a dataset"
split=$(perl -MJSON::PP -0 -ne '$s = decode_json($_)->{split}; print "$s->{train} $s->{validation}"' bytes/report.json)
[ "$("$switchyard" inspect bytes | grep -oP 'tokens in \K\d+' | xargs)" = "$split" ] || complain "inspect counts other documents than $split"
exit $failed
