#!/bin/bash
# use_checkpoint.sh SWITCHYARD: evaluate, score, sample, inspect and checkpoint say the same on any number of ranks, sample needs nothing
# but the checkpoint, and what only reads writes nothing beside what it reads.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 200
head -n 120 corpus.jsonl >low.jsonl
tail -n 80 corpus.jsonl >high.jsonl
for source in low high; do printf '[[source]]\nname = "%s"\nlicence = "unknown"\ninputs = ["%s.jsonl"]\n' $source $source; done >recipe.toml
prepare --recipe recipe.toml --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run --set train.evaluate_every=20 \
  --set data.weights.high=2 2>err || complain "train"
grep -qE "^source high: weight 2, [0-9]+ tokens, [0-9.]+ passes in 20 steps" err || complain "the start does not say how often a source is passed"
grep -q "info step 20 of 20: loss " run/logs/rank0.log || complain "the log has no step"
grep -qE '^\{"kind":"validation","attempt":1,"step":20,"validation_loss":[0-9.]+,"loss_of_sources":\{"low":[0-9.]+,"high":[0-9.]+\}\}' \
  run/metrics.jsonl || complain "an evaluation has no loss of its sources"

# 16 ranks are more than a step of training has micro-batches.
"$switchyard" evaluate run >one 2>err || complain "evaluate on one rank"
for ranks in 3 16; do
  mpi $ranks "$switchyard" evaluate run >many 2>err || complain "evaluate on $ranks ranks"
  cmp one many || complain "evaluate on $ranks ranks says something else"
done
loss=$(sed -nE 's/^\{"kind":"validation".*"validation_loss":([0-9.]+).*/\1/p' run/metrics.jsonl)
grep -q "^validation loss  $loss$" one || complain "evaluate does not say what the run said: $loss"
"$switchyard" evaluate run --json 2>err | perl -MJSON::PP -e '$j = decode_json(join "", <>);
  ($tokens, $bytes, $loss) = (0, 0, 0);
  for (@{$j->{sources}}) { $tokens += $_->{tokens}; $bytes += $_->{text_bytes}; $loss += $_->{loss} * $_->{tokens} }
  exit(!(@{$j->{sources}} == 2 && $tokens == $j->{tokens} && $bytes == $j->{text_bytes} &&
    abs($loss / $tokens - $j->{loss}) < 1e-6 &&
    abs($j->{bits_per_byte} - $j->{loss} * $tokens / log(2) / $bytes) < 1e-9))' || complain "evaluate --json does not add up"
for line in "validation loss" perplexity "bits per byte" tokens documents; do
  grep -q "^$line" one || complain "evaluate does not say $line"
done

# Benchmarks and requests: the same bytes on any number of ranks and in any batches, from figures that add up.
for i in $(seq 30); do
  echo "{\"goal\": \"The square of $i\", \"sol1\": \"is $((i * i)), its cube\", \"sol2\": \"is not\", \"label\": $((i % 2))}" >&3
  echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube\"}" >&4
  echo "{\"context\": \"Page $i. \", \"continuation\": \"The square\"}"
  [ $((i % 7)) != 0 ] || echo "{\"text\": \"$(head -c 900 corpus.jsonl | tr -d '{}":\\\n')\"}"
done 3>piqa.jsonl 4>lambada.jsonl >requests.jsonl
score=("$switchyard" score run --task piqa=piqa.jsonl --task lambada_openai=lambada.jsonl --few-shot 2 --shots piqa=piqa.jsonl
  --shots lambada_openai=lambada.jsonl --json --samples samples)
"${score[@]}" >one.score 2>err || complain "score"
cp samples one.samples
for more in "1 --batch-tokens 16" "2" "3 --batch-tokens 300 --set run.threads=1"; do
  mpi $(cut -d' ' -f1 <<<"$more") "${score[@]}" $(cut -s -d' ' -f2- <<<"$more") >many.score 2>err || complain "score, ranks $more"
  cmp one.score many.score && cmp one.samples samples || complain "score says something else, ranks $more"
done
"$switchyard" score run --requests requests.jsonl >one.answers 2>err || complain "score --requests"
mpi 3 "$switchyard" score run --requests requests.jsonl --output many.answers --batch-tokens 64 2>err || complain "score --output"
cmp one.answers many.answers || complain "answers differ on 3 ranks"
perl -MJSON::PP -e 'sub lines { open my $f, "<", shift; map { decode_json($_) } <$f> }
  $j = decode_json(join "", `cat one.score`)->{tasks}; @s = lines("one.samples"); @a = lines("one.answers");
  $acc{$_->{task}} += $_->{acc} / 30 for @s; $nats -= $_->{logprobs}[0] / 30 for grep { $_->{task} eq "lambada_openai" } @s;
  exit !(@s == 60 && @a == 34 && abs($acc{piqa} - $j->{piqa}{acc}) < 1e-9 && abs(log($j->{lambada_openai}{perplexity}) - $nats) < 1e-9 &&
    !grep { $_->{logprob} >= 0 || $_->{tokens} < 1 } @a)' || complain "the figures of score do not add up"
echo '{"goal": 1, "sol1": "a", "sol2": "b", "label": 0}' >bad.jsonl
mpi 2 "$switchyard" score run --task piqa=bad.jsonl >out 2>err
[ $? = 3 ] && grep -q 'bad.jsonl, line 1: the field goal is not a text' err || complain "score of a bad row"
"$switchyard" score run --task piqa=piqa.jsonl --max-length 100000 >out 2>err
[ $? = 2 ] && grep -q 'more than the [0-9]* tokens that the model reads' err || complain "score beyond the model's length"

"$switchyard" inspect data | grep -qE "^  high: [0-9]+ tokens in [0-9]+ documents$" || complain "inspect does not say what a source has"
trained=$("$switchyard" inspect data | sed -nE 's/^train: ([0-9]+) tokens.*/\1/p')
"$switchyard" evaluate run --split train 2>err | grep -q "^tokens           $trained$" || complain "evaluate --split train"

cp -r data grown && make_corpus more.jsonl 260 && tail -n 60 more.jsonl >new.jsonl
prepare new.jsonl --append --output grown --tokenizer sentencepiece:350 --validation-fraction 0.2
mv data kept && mv grown data
"$switchyard" evaluate run >out 2>err && grep -q "data has changed since the run trained on it" err || complain "evaluate of a dataset that grew"
rm -r data && mv kept data

# The folders of others may not be written to, and root may write anywhere: so look whether anything has changed.
prepare corpus.jsonl --output held --tokenizer data/tokens/tokenizer-*.model --validation-fraction 0.3
content() { find run data held -printf '%p %T@ %s\n' | sort; }
content >before
(cd run && "$switchyard" evaluate . >../elsewhere 2>../err) || complain "evaluate from elsewhere"
cmp <(tail -n +2 one) <(tail -n +2 elsewhere) || complain "evaluate from elsewhere says something else"
for reader in "evaluate run --dataset held" "sample run --prompt x --max-tokens 2" "inspect run" "inspect held" "status run" \
  "report run --output report.html" "explain data low.jsonl:3" "explain data --removed" "export data --jsonl -" "checkpoint list run" \
  "checkpoint hash run" "checkpoint verify run" "checkpoint diff run run" "score run --task piqa=piqa.jsonl"; do
  "$switchyard" $reader >out 2>err || complain "$reader"
done
content | cmp before - || { complain "a command that only reads has written"; content | diff before - | head; }
# A model that does not fit is refused before it is loaded, as by a job with --mem=1.
SLURM_MEM_PER_NODE=1 "$switchyard" sample run --prompt x >out 2>err
[ $? = 2 ] && grep -q 'the Slurm job has 1.00 MiB left' err || complain "a model beyond the job's memory"

# A pure test set, with the tokenizer of a run, of a checkpoint and of a dataset: the same tokens.
make_corpus test.jsonl 40
for of in run run/checkpoints/step-00000020-a0001 data; do
  rm -rf test-set
  mpi 2 "$switchyard" prepare test.jsonl --output test-set --tokenizer "$of" --validation-fraction 1 >out 2>err ||
    complain "prepare with the tokenizer of $of"
  grep -q "^train  *0 documents" out || complain "a test set has documents to train on"
done
"$switchyard" evaluate run --dataset test-set >out 2>err && grep -q "^documents *40$" out || complain "evaluate on a test set"
"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=test-set --set run.directory=none >out 2>err && complain "train on a test set"

prepare corpus.jsonl --output bytes --tokenizer bytes
"$switchyard" evaluate run --dataset bytes >out 2>err
[ $? = 3 ] && grep -q "another tokenizer.*prepare --tokenizer run" err || complain "evaluate accepts a dataset of another tokenizer"

"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=filler --set train.steps=2 \
  --set train.warmup_steps=0 --set model.vocabulary=360 --set data.fill_in_middle=0.5 >out 2>err || complain "train to fill in"
for ranks in 1 2; do
  mpi $ranks "$switchyard" sample filler --fill "Page 7" " of it" --max-tokens 8 --seed 3 >fill.$ranks 2>err || complain "sample --fill"
done
cmp fill.1 fill.2 && grep -q "^Page 7.* of it$" <(tr '\n' ' ' <fill.1 | sed 's/ *$//') || complain "what sample --fill writes"
"$switchyard" sample run --fill a b >out 2>err
[ $? = 2 ] && grep -q "set model.vocabulary" err || complain "sample --fill without special tokens"

cp -r run/checkpoints/step-00000020-a0001 moved
rm -rf data
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" sample moved --prompt "Page 7" --max-tokens 20 --seed 3 >sample.$ranks 2>err ||
    complain "sample on $ranks ranks"
  cmp sample.1 sample.$ranks || complain "sample on $ranks ranks writes something else"
done
printf 'Page 7\n\nPage 8\n' >prompts
"$switchyard" sample moved --prompts prompts --top-p 0.9 --max-tokens 5 --json >lines 2>err || complain "sample of a file of prompts"
mpi 2 "$switchyard" sample moved --prompts - --top-p 0.9 --max-tokens 5 --json <prompts 2>err | cmp lines - || complain "prompts from stdin differ"
perl -MJSON::PP -ne '$j = decode_json($_); $n += $j->{stopped} =~ /^(max_tokens|end_of_document)$/ && $j->{tokens} <= 5;
  END { exit($n != 3) }' lines || complain "not three texts that say why they stopped"
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
