#!/bin/bash
# verify_model.sh SWITCHYARD: `verify-layout --model` gives Python the rows of the run and what each layer computed, and says where what
# comes back parts. A program plays the Python that has transformers; tests/long/parts/hugging_face.sh takes the real one.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 40
prepare corpus.jsonl --output data
"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run --set train.steps=1 --set train.warmup_steps=0 >out 2>err &&
  "$switchyard" export run --hugging-face hf >out 2>err || complain "no model to compare"
cat >run.toml <<'T'
data = { dataset = "data", sequence_length = 64 }
train = { steps = 2, global_batch_size = 4, micro_batch_size = 2 }
T

# plays SCRIPT FOLDER: checks what it is given against the weights in hf, and answers as $ANSWER says.
cat >plays <<'P'
#!/usr/bin/env python3
import json, os, struct, sys
folder, answer = sys.argv[2], os.environ["ANSWER"]
if answer in ("86", "7"):
    print("an answer of the last resort")
    sys.exit(int(answer))
request = json.load(open(f"{folder}/request.json"))
count, hidden, names = request["tokens"], request["hidden"], request["tensors"]
def numbers(name, letter, n):
    return struct.unpack(f"<{n}{letter}", open(f"{folder}/{name}", "rb").read())
tokens, targets, positions = (numbers(f"{n}.i32", "i", count) for n in ("tokens", "targets", "positions"))
assert all(a == b for a, b, p in zip(targets, tokens[1:], positions[1:]) if a >= 0 and p > 0), "targets"
assert positions[0] == 0 and all(p in (0, q + 1) for q, p in zip(positions, positions[1:])), "positions"
assert names == ["embedding"] + [f"layer{i}.{part}" for i in range(3) for part in ("attention", "output")], names
weights = open(request["model"] + "/model.safetensors", "rb").read()
size = struct.unpack("<Q", weights[:8])[0]
begin = 8 + size + json.loads(weights[8:8 + size])["model.embed_tokens.weight"]["data_offsets"][0]
rows = {n: numbers(f"{n}.f32", "f", count * hidden) for n in names}
for i, token in enumerate(tokens):
    row = struct.unpack_from(f"<{hidden}f", weights, begin + 4 * hidden * token)
    assert row == rows["embedding"][i * hidden:(i + 1) * hidden], "embedding"
beyond = {"few": 1, "layer1": count // 2}.get(answer, 0)
result = {"loss": float(os.environ["LOSS"]), "model": "Played", "transformers": "0", "torch": "0", "tensors": [
    {"tensor": n, "beyond": beyond if n >= "layer1.output" else 0, "median": 0.1, "most": 0.2} for n in names]}
json.dump(result, open(f"{folder}/result.json", "w"))
P
chmod +x plays
export TMPDIR=$PWD/temporary ANSWER=same LOSS=0
mkdir temporary
verify=("$switchyard" verify-layout run.toml --model hf --python ./plays)

"${verify[@]}" --json >out 2>err
[ $? = 3 ] || complain "another loss passes"
LOSS=$(python3 -c 'import json; found = json.load(open("out")); assert found["first"] is None; print(found["loss"])') || complain "no loss: $(cat out)"
"${verify[@]}" >out 2>err || complain "one loss differs from itself: $(cat out)"
grep -q 'the same beyond rounding, in 7 hidden states' out || complain "no verdict: $(cat out)"
ANSWER=few "${verify[@]}" >out 2>err || complain "one token with another expert is no fault"
ANSWER=layer1 "${verify[@]}" >out 2>err
[ $? = 3 ] && grep -q 'parts first at layer1, in its FFN: 128 of 256' out || complain "the wrong layer: $(cat out)"
"${verify[@]}" --tokens 1 >out 2>err
[ $? = 3 ] && grep -q 'no layer parts' out || complain "the loss of fewer tokens is the same: $(cat out)"
"${verify[@]}" --set router.scale=1.5 >out 2>err
[ $? = 3 ] && grep -q 'changes what the model computes: router.scale' err || complain "the config does not count: $(cat out)"

# Never a silent pass.
ANSWER=86 "${verify[@]}" >out 2>err
[ $? = 8 ] && [ ! -s out ] && grep -q 'NOT CHECKED.*last resort' err || complain "a missing library passes"
"$switchyard" verify-layout run.toml --model hf --python ./nowhere >out 2>err
[ $? = 8 ] && grep -q 'NOT CHECKED.*nowhere' err || complain "a missing Python passes"
ANSWER=7 "${verify[@]}" >out 2>err
[ $? = 1 ] && grep -q 'code 7' err || complain "a script that fails passes"
mpi 2 "${verify[@]}" >out 2>err
[ $? = 2 ] && grep -q 'on one rank' err || complain "two ranks compare"
"$switchyard" verify-layout run.toml --model run >out 2>err
[ $? = 3 ] && grep -q 'config.json' err || complain "a run is no folder of transformers"
"${verify[@]}" --layout ranks=1 >out 2>err
[ $? = 2 ] || complain "--model beside --layout"
[ -z "$(ls temporary | grep switchyard-verify)" ] || complain "it left $(ls temporary)"
exit $failed
