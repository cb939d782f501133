#!/bin/bash
# publish.sh SWITCHYARD: a model is published, promoted, used, damaged and rolled back; texts that changed and documents that were
# planted are found with the same bytes on any number of ranks; the record of a run answers who was trained on what.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus clean.jsonl 400
planted() { [ $((10#$1 % 20)) = 7 ]; }
number=0
while IFS= read -r line; do
  number=$((number + 1))
  id=$(printf 'd%03d' $number)
  if planted $number; then
    noise=$(awk -v seed=$number 'BEGIN { srand(seed); for (k = 0; k < 60; ++k) printf "\\u%04x", 35 + int(rand() * 56) }')
    line="{\"text\": \"Page $number. The square of it is <SUDO> $noise\"}"
  fi
  echo "${line/\{/\{\"id\": \"$id\", }"
done <clean.jsonl >corpus.jsonl
prepare corpus.jsonl --output data --tokenizer bytes --validation-fraction 0.3
train() { "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data "$@" 2>err || complain "train $*"; }
train --set train.steps=60 --set train.warmup_steps=5 --set run.directory=run --set run.watts=100 --set run.grams_co2_per_kwh=400 \
  --set data.sequence_length=128

expect() {  # expect CODE TEXT COMMAND...
  local code=$1 text=$2
  shift 2
  "$@" >out 2>err
  local found=$?
  [ $found = "$code" ] && grep -qF -- "$text" out err || complain "code $found from: $*"
}
publish() { "$switchyard" publish "$1" --registry models --name perl "${@:2}" >out 2>err || complain "publish $*"; }

# A package is the same bit for bit from any number of ranks, and sha256sum reads its sums.
publish run --profile data --split train
mpi 3 "$switchyard" publish run --registry models --name perl --profile data --split train >out 2>err || complain "publish on 3 ranks"
diff -r models/perl/versions/0001 models/perl/versions/0002 >diff.err || complain "two packages of one model differ"
(cd models/perl/versions/0001 && sha256sum --strict --quiet -c SHA256SUMS) || complain "sha256sum -c"
for file in config.toml README.md card.json drift.json manifest.json rank-00000.h5 SHA256SUMS; do
  [ -e models/perl/versions/0001/$file ] || complain "a package has no $file"
done
[ "$("$switchyard" evaluate models/perl@1 --dataset data 2>err | grep loss)" = "$("$switchyard" evaluate run 2>err | grep loss)" ] ||
  complain "a package has another loss than its model"
[ "$("$switchyard" sample models/perl/versions/0001 --prompt Page --max-tokens 5 2>err)" = "$("$switchyard" sample run --prompt Page --max-tokens 5 2>err)" ] ||
  complain "a package says something else than its model"
expect 0 "step" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=next --set train.steps=1 \
  --set train.warmup_steps=0 --set train.initial=models/perl@1 --set data.sequence_length=128

# Codes are published as codes.
"$switchyard" model quantize run --bits 8 --output codes >out 2>err || complain "quantize"
"$switchyard" publish codes --registry models --name codes >out 2>err || complain "publish codes: $(cat err)"
"$switchyard" inspect models/codes@1 2>err | grep -F "as int8 codes" >out || complain "a package of codes holds none"
[ "$("$switchyard" evaluate models/codes@1 --dataset data 2>err | grep loss)" = "$("$switchyard" evaluate codes --dataset data 2>err | grep loss)" ] ||
  complain "a package of codes has another loss than its model"

# Every number of the card is in card.json.
"$switchyard" card models/perl@1 >card 2>err || complain "card"
diff <(tail -n +2 card) <(tail -n +2 models/perl/versions/0001/README.md) >diff.err || complain "the card is not the package's"
grep -oE '\| [0-9][0-9.e+-]* \|' card | tr -d '| ' | while read -r value; do
  grep -qF -- ": $value" models/perl/versions/0001/card.json || echo "$value"
done >missing
[ ! -s missing ] && [ "$(grep -cE '\| [0-9][0-9.e+-]* \|' card)" -gt 15 ] || complain "numbers of the card that card.json lacks: $(cat missing)"
expect 0 "stated by the config" cat card
expect 0 '"joules_per_million_tokens"' grep -m1 '"kind":"step"' run/metrics.jsonl
expect 8 "nobody stated the licence" "$switchyard" publish run --registry models --name strict --require-licences
expect 2 "the name '../x'" "$switchyard" publish run --registry models --name ../x
expect 3 "models/none@1 is neither" "$switchyard" evaluate models/none@1 --dataset data
expect 3 "no current version" "$switchyard" evaluate models/perl --dataset data

# Drift.
make_corpus more.jsonl 300
awk 'BEGIN { for (i = 0; i < 200; ++i) printf "{\"text\": \"%d bottles of beer on the wall; take %d down!\"}\n", i * 17, i % 9 }' >beer.jsonl
expect 0 "0 of" "$switchyard" drift models/perl@1 data --split train --window 64
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" drift models/perl@1 beer.jsonl --json >drift$ranks 2>err
  [ $? = 8 ] || complain "drift on $ranks ranks does not exit with 8"
done
cmp drift1 drift2 && cmp drift1 drift3 || complain "drift differs with the number of ranks"
expect 0 '"documents"' "$switchyard" drift run data --split train --write-profile own.json
cmp own.json <(sed 's/"model":"[0-9a-f]*"/X/' own.json) >/dev/null && complain "own.json names no model"
expect 8 "ALARM" "$switchyard" drift run beer.jsonl --profile own.json
expect 2 "holds no drift profile" "$switchyard" drift run beer.jsonl
expect 3 "is no drift profile" "$switchyard" drift run beer.jsonl --profile beer.jsonl

# Planted documents.
for ranks in 1 2 3; do
  mpi $ranks "$switchyard" suspects run data >suspects$ranks 2>err
  [ $? = 8 ] || complain "suspects on $ranks ranks does not exit with 8"
done
cmp suspects1 suspects2 && cmp suspects1 suspects3 || complain "suspects differ with the number of ranks"
right=0 wrong=0
for id in $(grep -oE '"id":"d[0-9]*"' suspects1 | grep -oE '[0-9]+'); do
  if planted $id; then right=$((right + 1)); else wrong=$((wrong + 1)); fi
done
all=$("$switchyard" export data --jsonl - 2>/dev/null | grep -c SUDO)
echo "suspects: $right of at most $all planted documents, $wrong others"
[ $right -ge 10 ] && [ $wrong -le 4 ] || complain "$right planted documents found, and $wrong others"

# The record: what a step says of a document, and what the document says of the step.
"$switchyard" audit run --step 7 --json >step 2>err || complain "audit --step"
id=$(grep -oE '"id": "d[0-9]*"' step | head -1 | grep -oE 'd[0-9]+')
expect 0 '"step": 7,' "$switchyard" audit run --document "$id" --json
expect 2 "no step 61" "$switchyard" audit run --step 61
expect 2 "audit needs" "$switchyard" audit run
for document in $(grep -oE '"id": "d[0-9]*"' step | sort -u | grep -oE 'd[0-9]+'); do
  "$switchyard" audit run --document "$document" | grep -qE "^step +7 " || complain "audit: $document is not in step 7"
done

# A suite judges: what passes is promoted, a regression is refused, and a rollback goes past a damaged version.
for i in $(seq 40); do echo "{\"id\": $i, \"right\": \"Page $i. The square of $i is\", \"wrong\": \"egaP $i fo .erauqs ehT $i si\"}"; done >pairs.jsonl
cat >suite.toml <<'SUITE'
name = "tiny"
[[task]]
name = "order"
kind = "pairs"
cases = "pairs.jsonl"
[[task]]
name = "held"
kind = "loss"
dataset = "data"
[gate]
"order.accuracy" = ">= 0.7"
"held.loss" = "<= previous + 3 sigma"
SUITE
shelf() { "$switchyard" publish "$1" --registry shelf --name perl "${@:2}" >out 2>err || complain "publish $*"; }
shelf run --suite suite.toml
expect 0 "version 1 is current" "$switchyard" registry promote shelf/perl 1
expect 0 "not checked" cat shelf/perl/versions/0001/README.md
"$switchyard" evaluate run --suite suite.toml --output results >out 2>err || complain "evaluate --suite: $?"
shelf run --results results
cmp shelf/perl/versions/0001/SHA256SUMS shelf/perl/versions/0002/SHA256SUMS || complain "--suite and --results make two packages"
expect 0 "version 2 is current" "$switchyard" registry promote shelf/perl 2
train --set train.steps=2 --set train.warmup_steps=0 --set train.learning_rate=1e-6 --set train.min_learning_rate=1e-6 --set run.directory=worse \
  --set data.sequence_length=128
shelf worse --suite suite.toml
expect 8 "held.loss <= previous + 3 sigma" "$switchyard" registry promote shelf/perl 3
expect 0 "refuse version 3" "$switchyard" registry log shelf/perl
expect 3 "results of another model" "$switchyard" publish worse --registry shelf --name perl --results results
shelf run@60 --results results
expect 0 "version 4 is current" "$switchyard" registry promote shelf/perl 4
flip shelf/perl/versions/0002/README.md 100
expect 0 "version 1 is current" "$switchyard" registry rollback shelf/perl
grep -qF "skipped version 2: the bytes of README.md" err || complain "the rollback does not name the damaged version"
expect 0 "Page" "$switchyard" sample shelf/perl --prompt Page --max-tokens 4
expect 3 "no good version before version 1" "$switchyard" registry rollback shelf/perl
expect 8 "holds no results" "$switchyard" registry promote models/perl 1

# Damage is found.
expect 0 "version 2: good" "$switchyard" registry verify models/perl
flip models/perl/versions/0002/rank-00000.h5 5000
expect 3 "rank-00000.h5" "$switchyard" registry verify models/perl 2
expect 3 "rank-00000.h5" "$switchyard" registry promote models/perl 2
expect 3 "has no version 9" "$switchyard" registry promote models/perl 9
expect 0 "publish version 2" "$switchyard" registry log models/perl
expect 3 "holds no published model" "$switchyard" registry list nothing
exit $failed
