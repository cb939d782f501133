#!/bin/bash
# suites.sh SWITCHYARD: a suite judges a model with the same bytes on any number of ranks, its gates stop a worse model and not the
# same one, bad suites are named, and smoke names six planted faults and passes what is good.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 120
prepare corpus.jsonl --output data --tokenizer sentencepiece:350 --validation-fraction 0.2
tac corpus.jsonl | sed 's/square/spare/; s/cube/tube/' >other.jsonl
prepare other.jsonl --output other --tokenizer sentencepiece:350
train() { "$switchyard" train "$root/examples/tiny.toml" "$@" 2>err || complain "train $*"; }
train --set data.dataset=data --set run.directory=run
train --set data.dataset=other --set run.directory=other-run --set train.steps=1 --set train.warmup_steps=1

expect() {  # expect CODE TEXT COMMAND...
  local code=$1 text=$2
  shift 2
  "$@" >out 2>err
  local found=$?
  [ $found = "$code" ] && grep -qF -- "$text" out err || { cat out err >&2; complain "code $found, without \"$text\", from: $*"; }
}

head -n 12 corpus.jsonl >texts.jsonl
head -n 12 other.jsonl >outside.jsonl
for i in 3 4 5 6 7 8; do
  echo "{\"prompt\": \"Page $i. The square of $i is\", \"choices\": [\" $((i * i));\", \" $((i + 1));\", \" zebra\"], \"answer\": 0}"
done >choices.jsonl
for i in 3 4 5 6; do echo "{\"right\": \"Page $i. The square of $i\", \"wrong\": \"Page $i. square The of $i\"}"; done >pairs.jsonl
echo '{"prompt": "Page 3. The", "keywords": ["square", "of"], "year": 1999}' >prompts.jsonl
printf 'square\t2005\ncube\t1990\n' >terms.tsv
cat >suite.toml <<TEXT
name = "all"
[[task]]
name = "choices"
kind = "choice"
cases = "choices.jsonl"
[[task]]
name = "pairs"
kind = "pairs"
cases = "pairs.jsonl"
[[task]]
name = "keywords"
kind = "keywords"
cases = "prompts.jsonl"
tokens = 20
[[task]]
name = "texts"
kind = "texts"
cases = "prompts.jsonl"
terms = "terms.tsv"
tokens = 20
[[task]]
name = "held_out"
kind = "loss"
dataset = "data"
by = "source"
[[task]]
name = "damaged"
kind = "robustness"
cases = "texts.jsonl"
[[task]]
name = "calibration"
kind = "calibration"
cases = "texts.jsonl"
[[task]]
name = "detect"
kind = "detect"
cases = "texts.jsonl"
outside = "outside.jsonl"
[[task]]
name = "speed"
kind = "speed"
[contamination]
training_texts = ["texts.jsonl"]
[gate]
"held_out.loss" = "<= previous + 3 sigma"
TEXT
for ranks in 1 2 3 5; do
  mpi $ranks "$switchyard" evaluate run --suite suite.toml --output results$ranks >out 2>err || complain "a suite on $ranks ranks"
  diff -r results1 results$ranks >&2 || complain "the results on $ranks ranks have other bytes"
done
loss=$("$switchyard" evaluate run 2>err | sed -n 's/^validation loss  //p')
python3 - "$loss" <<'PYTHON' || complain "the figures of results1 are not what they should be"
import json, sys
tasks = json.load(open("results1/results.json"))["tasks"]
figure = lambda task, name: tasks[task]["figures"][name]["value"]
assert abs(figure("held_out", "loss") - float(sys.argv[1])) < 0.05, figure("held_out", "loss")  # rows pack otherwise
assert figure("damaged", "rise.typos:0.01") < figure("damaged", "rise.typos:0.05") < figure("damaged", "rise.typos:0.1")
assert figure("damaged", "loss.dirty") == figure("damaged", "loss") and "loss.clean" not in tasks["damaged"]["figures"]
assert figure("calibration", "loss_at_temperature") <= figure("calibration", "loss")
assert figure("detect", "auroc_loss") > 0.7, figure("detect", "auroc_loss")
PYTHON

# The gate compares the same cases.
expect 0 "held_out.loss <= previous + 3 sigma: passed" "$switchyard" evaluate run --suite suite.toml --against results1
expect 8 "held_out.loss <= previous + 3 sigma: failed" "$switchyard" evaluate run@10 --suite suite.toml --against results1
expect 8 "failed" "$switchyard" evaluate run@10 --suite suite.toml --against run
sed 's/^"held_out.*/"choices.accuracy" = ">= 0.99"/' suite.toml >few.toml
expect 8 "no number of cases would pass" "$switchyard" evaluate run --suite few.toml
sed 's/^"held_out.*/"choices.acuracy" = ">= 0.99"/' suite.toml >bad.toml
expect 2 "bad.toml:46: the results have no figure choices.acuracy; those of the task are accuracy," "$switchyard" evaluate run --suite bad.toml
sed 's/^cases = "pairs.jsonl"/case = "pairs.jsonl"/' suite.toml >bad.toml
expect 2 "bad.toml:7: cases is missing" "$switchyard" evaluate run --suite bad.toml
echo '{"right": "a"}' >pairs.jsonl
expect 3 "pairs.jsonl, line 1: the field wrong is missing" mpi 2 "$switchyard" evaluate run --suite suite.toml
expect 2 "results1 exists already" "$switchyard" evaluate run --suite few.toml --output results1
expect 2 "--suite" "$switchyard" evaluate run --against results1
expect 2 "there is no suite none.toml" "$switchyard" evaluate run --suite none.toml

# Faults, planted into the weights on their way through the files of transformers.
"$switchyard" export run --hugging-face hf >out 2>err || complain "export"
"$switchyard" export other-run --hugging-face other-hf >out 2>err || complain "export of the other run"
cat >plant.py <<'PYTHON'
import glob, json, struct, sys
folder, fault = sys.argv[1:]
for name in glob.glob(folder + "/*.safetensors"):
    data = bytearray(open(name, "rb").read())
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    def span(tensor):
        begin, end = header[tensor]["data_offsets"]
        return slice(8 + size + begin, 8 + size + end)
    def swap(a, b):
        data[a], data[b] = data[b], data[a]
    names = sorted(n for n in header if n != "__metadata__")
    if fault == "nan":
        at = span(next(n for n in names if "layers.1" in n and "o_proj" in n))
        data[at.start:at.start + 4] = struct.pack("<f", float("nan"))
    if fault == "experts":
        for n in [n for n in names if "layers.2.mlp.experts.1." in n]:
            swap(span(n), span(n.replace("experts.1.", "experts.6.")))
    if fault == "router":
        n = next(n for n in names if n.endswith("layers.1.mlp.gate.weight"))
        at, rows = span(n), header[n]["shape"][0]
        row = (at.stop - at.start) // rows
        old = data[at]
        data[at] = b"".join(old[(i + 3) % rows * row:((i + 3) % rows + 1) * row] for i in range(rows))
    open(name, "wb").write(data)
PYTHON
imported() {  # imported NAME FAULT: a model with the fault
  cp -r hf hf-$1
  python3 plant.py hf-$1 "$2" || complain "plant $2"
  [ "$2" != tokenizer ] || cp other-hf/tokenizer* hf-$1/
  "$switchyard" import hf-$1 --output $1 >out 2>err || { cat out err >&2; complain "import $1"; }
}
imported clean none
"$switchyard" evaluate clean --suite "$root/tests/launch/smoke-suite.toml" --output profile >out 2>err || complain "the profile"
expect 0 "10 of 10" "$switchyard" smoke clean --profile profile
expect 0 "9 of 10, 1 not checked" "$switchyard" smoke clean
expect 0 "2 not checked" "$switchyard" smoke clean --launcher "no-such-launcher -n 2"
imported nan nan
expect 8 "o.weight is nan" "$switchyard" smoke nan --profile profile
imported experts experts
expect 8 "experts of layer2 have changed places: 1 was 6, 6 was 1" "$switchyard" smoke experts --profile profile
imported router router
expect 8 "rows of layer1.router have changed places: 0 was 3" "$switchyard" smoke router --profile profile
imported tokenizer tokenizer
expect 8 "the tokenizer is another one" "$switchyard" smoke tokenizer --profile profile
expect 8 "the model is not trained" "$switchyard" smoke other-run
cp -r clean cut
file=$(ls cut/*.h5 | head -n 1)
truncate -s $(($(stat -c %s "$file") / 2)) "$file"
expect 3 "$(basename "$file")" "$switchyard" smoke cut --profile profile
expect 0 "10 of 10" "$switchyard" smoke
exit $failed
