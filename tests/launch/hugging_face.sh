#!/bin/bash
# hugging_face.sh SWITCHYARD: a model's folder for transformers has the same bytes from any number of ranks, holds the checkpoint's
# values, and is whole or not there. tests/long/parts/hugging_face loads it with transformers.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 60
prepare corpus.jsonl --output data
"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run --set train.steps=2 --set train.warmup_steps=1 \
  --set router.gate=sigmoid --set router.bias_rate=0.001 >out 2>err || complain "train"

"$switchyard" export run --hugging-face one --shard-size 200000 >out 2>err || complain "export"
grep -q 'wrote one: dots1, [0-9]* parameters in [0-9]* tensors' out || complain "export does not say what it wrote"
mpi 3 "$switchyard" export run --hugging-face three --shard-size 200000 >out 2>err || complain "export on 3 ranks"
diff -r one three >/dev/null || complain "other bytes on 3 ranks"
[ -e one/model-00002-of-00007.safetensors ] || complain "no shards: $(ls one)"

# The checkpoint's values, read by another program.
python3 - one run <<'PY' || complain "other values than the checkpoint's"
import glob, json, struct, sys
index = json.load(open(f"{sys.argv[1]}/model.safetensors.index.json"))["weight_map"]
def tensor(name):
    with open(f"{sys.argv[1]}/{index[name]}", "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        begin, end = json.loads(file.read(length))[name]["data_offsets"]
        file.seek(8 + length + begin)
        return file.read(end - begin)
folder = sorted(glob.glob(f"{sys.argv[2]}/checkpoints/*"))[-1]
ours = {}
for file in json.load(open(f"{folder}/manifest.json"))["files"]:
    for data in file.get("datasets", []):
        with open(f"{folder}/{file['name']}", "rb") as raw:
            raw.seek(data["offset"])
            ours[data["name"]] = raw.read(data["bytes"])
for mine, theirs in {"value/embedding": "model.embed_tokens.weight", "value/layer0.ffn.up": "model.layers.0.mlp.up_proj.weight",
                     "value/layer2.expert7.down": "model.layers.2.mlp.experts.7.down_proj.weight",
                     "gate/layer1.bias": "model.layers.1.mlp.gate.e_score_correction_bias",
                     "value/layer1.shared.gate": "model.layers.1.mlp.shared_experts.gate_proj.weight"}.items():
    assert ours[mine] == tensor(theirs), mine
assert sum(name.startswith(("value/", "gate/layer")) and not name.endswith("load") for name in ours) == len(index), len(index)
PY

# Stacked experts hold the same bytes; a folder that is in use is left alone; what a killed export left is not.
"$switchyard" export run --hugging-face fused --names fused --dtype bf16 >out 2>err || complain "fused"
"$switchyard" export run --hugging-face one >out 2>err
[ $? = 2 ] && grep -q 'one exists already' err || complain "an export over a model"
mkdir -p notes && echo mine >notes/model.txt
"$switchyard" export run --hugging-face notes >out 2>err
[ $? = 2 ] && [ "$(cat notes/model.txt)" = mine ] || complain "an export over other files"
cp -r one killed && rm killed/config.json && mv killed/model-00001-of-00007.safetensors{,.part}
"$switchyard" export run --hugging-face killed --shard-size 200000 >out 2>err || complain "an export after a killed one"
diff -r one killed >/dev/null || complain "what a killed export left shows"

# A random model, as transformers wrote it, has the loss that PyTorch computes in double precision (tests/long/hugging_face_models.py).
# The other families: launch/hugging_face/golden.
goldens=$root/tests/launch/hugging_face/goldens
prepare "$goldens/documents.jsonl" --output documents --validation-fraction 1
for name in mixtral qwen2_moe olmo2; do
  "$switchyard" import "$goldens/$name" --tokenizer bytes --output "imported/$name" >out 2>err &&
    "$switchyard" evaluate "imported/$name" --dataset documents --json >"imported/$name.json" 2>err || complain "import of $name"
done
python3 - "$goldens/losses.json" imported <<'PY' || complain "other losses than PyTorch's"
import json, sys
losses = json.load(open(sys.argv[1]))
for name in ["mixtral", "qwen2_moe", "olmo2"]:
    ours, loss = json.load(open(f"{sys.argv[2]}/{name}.json"))["loss"], losses[name]
    assert abs(ours - loss) < 1e-6, f"{name}: {ours} instead of {loss}"
PY

# A model of ours comes back as it went, with its tokenizer, and what is wrong with a folder is named.
mpi 2 "$switchyard" import one --output back >out 2>err || complain "import of an export"
grep -q '^wrote back: dots1, [0-9]* parameters from [0-9]* tensors, .* in 7 files' out || complain "import does not say what it wrote"
"$switchyard" export back --hugging-face again --shard-size 200000 >out 2>err || complain "export of an imported model"
for file in one/*.safetensors one/*.json; do
  cmp -s "$file" "again/${file##*/}" || complain "$file does not come back"
done
cp -r back killed-import && rm killed-import/manifest.json
"$switchyard" inspect killed-import >out 2>err && complain "a killed import looks whole"
"$switchyard" import one --output killed-import >out 2>err || complain "an import after a killed one"
[ "$("$switchyard" checkpoint hash killed-import | cut -d' ' -f1)" = "$("$switchyard" checkpoint hash back | cut -d' ' -f1)" ] || complain "what a killed import left shows"
cp -r one odd && sed -i 's/"hidden_act": "silu"/"hidden_act": "gelu"/' odd/config.json
"$switchyard" import odd --output odd-model >out 2>err
[ $? = 3 ] && grep -q 'odd/config.json: hidden_act = "gelu": this program computes silu only' err && [ ! -e odd-model ] || complain "another activation"

# A tokenizer.json goes through a dataset, a run that is resumed and an export as it came.
mkdir hub && cp "$root/tests/golden/tokenizers/qwen2.json" hub/tokenizer.json
echo '{"bos_token": null, "eos_token": "<|endoftext|>", "chat_template": "{{ 1 }}"}' >hub/tokenizer_config.json
mpi 2 "$switchyard" prepare corpus.jsonl --output hub-data --tokenizer hub >out 2>err || complain "prepare with a tokenizer.json"
for steps in 1 2; do
  "$switchyard" train "$root/examples/tiny.toml" --resume --set data.dataset=hub-data --set run.directory=hub-run --set train.steps=$steps \
    --set train.warmup_steps=0 --set router.gate=sigmoid >out 2>err || complain "train $steps with a tokenizer.json"
done
"$switchyard" evaluate hub-run >out 2>err || complain "evaluate with a tokenizer.json"
"$switchyard" sample hub-run --prompt "The river" --max-tokens 4 >out 2>err && grep -q "The river" out || complain "sample with a tokenizer.json"
"$switchyard" inspect hub-run >out 2>err && grep -q "tokenizer: huggingface, 1,*263 ids" out || complain "inspect: $(cat out)"
"$switchyard" export hub-run --hugging-face hub-model >out 2>err || complain "export with a tokenizer.json"
for file in tokenizer.json tokenizer_config.json; do cmp hub/$file hub-model/$file || complain "$file did not come back"; done
"$switchyard" prepare corpus.jsonl --output more-data --tokenizer hub-run >out 2>err && "$switchyard" evaluate hub-run --dataset more-data >out 2>err ||
  complain "a dataset with the run's tokenizer"

# A model that no family has is refused, with the key.
"$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=hash --set train.steps=1 --set train.warmup_steps=0 \
  --set router.gate=hash >out 2>err || complain "train with a hash gate"
"$switchyard" export hash --hugging-face nothing >out 2>err
[ $? = 2 ] && grep -q 'dots1 lacks router.gate = "hash"' err && [ ! -e nothing ] || complain "a model that no family has"
exit $failed
