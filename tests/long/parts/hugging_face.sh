#!/bin/bash
# builds: switchyard
# A small model of each family, exported and loaded by transformers: every tensor is used, and the loss of the held-out documents is
# that of `switchyard evaluate`. And one that transformers made, imported: its loss is the one that PyTorch computes, and it comes back.
# Python with torch, transformers and h5py: $SWITCHYARD_PYTHON, or a virtual environment from PyPI (some GB).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet torch transformers sentencepiece protobuf h5py; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python

step datasets prepare_both

# family NAME DATASET OPTIONS...: trains, exports in several forms and compares.
family() {
  local name=$1 dataset=$2
  shift 2
  rm -rf "runs/$name" "models/$name" "models/$name-shards" "models/$name-bf16"
  "$switchyard" train "$root/examples/tiny.toml" --set data.dataset="$dataset" --set run.directory="runs/$name" --set data.sequence_length=512 \
    --set train.steps=30 --set train.global_batch_size=4 --set model.hidden=32 --set model.head_dim=16 --set model.expert_hidden=32 "$@" &&
    "$switchyard" export "runs/$name" --hugging-face "models/$name" &&
    mpi 3 "$switchyard" export "runs/$name" --hugging-face "models/$name-shards" --shard-size 50000 --names fused &&
    "$switchyard" export "runs/$name" --hugging-face "models/$name-bf16" --dtype bf16 || return 1
  local loss
  loss=$("$switchyard" evaluate "runs/$name" | sed -n 's/^validation loss *//p')
  HF_HUB_OFFLINE=1 "$python" "$root/tests/long/hugging_face.py" "$dataset" "$loss" "models/$name" "models/$name-shards" "models/$name-bf16"
}
no_shared=(--set model.shared_expert_hidden=0)
all_dense=("${no_shared[@]}" --set 'model.dense_layers=[0,1,2]')
step mixtral family mixtral bytes "${no_shared[@]}" --set router.gate=topk_softmax --set model.qk_norm=false --set 'model.dense_layers=[]'
step qwen3_moe family qwen3_moe bytes "${no_shared[@]}" --set router.gate=softmax_topk --set 'model.dense_layers=[1]'
step qwen3_moe_norm family qwen3_moe_norm pieces "${no_shared[@]}" --set router.gate=topk_softmax --set model.tie_embeddings=false
step dots1 family dots1 bytes --set router.gate=sigmoid --set router.bias_rate=0.01 --set router.scale=1.5
step dots1_groups family dots1_groups bytes --set router.gate=sigmoid --set router.groups=4 --set router.groups_per_token=2 --set router.top_k=4
step qwen3 family qwen3 bytes "${all_dense[@]}"
step llama family llama pieces "${all_dense[@]}" --set model.qk_norm=false

# The same documents as those of the goldens of ctest, and models made anew.
goldens=$root/tests/launch/hugging_face/goldens
make_models() {
  rm -rf made && mkdir -p made && "$python" "$root/tests/long/hugging_face_models.py" make made "$goldens/documents.jsonl" &&
    "$switchyard" prepare "$goldens/documents.jsonl" --output documents --validation-fraction 1 >/dev/null
}
step models make_models

hash_of() { "$switchyard" checkpoint hash "$1" | cut -d ' ' -f 1; }
# imported NAME: from any number of ranks and under any names the same model, with the loss of PyTorch, which transformers loads again.
imported() {
  local name=$1 loss
  rm -rf "made/$name-fused" "made/$name-back" "imported/$name"*
  "$python" "$root/tests/long/hugging_face_models.py" fused "made/$name" "made/$name-fused" &&
    "$switchyard" import "made/$name" --tokenizer bytes --output "imported/$name" &&
    mpi 3 "$switchyard" import "made/$name-fused" --tokenizer bytes --output "imported/$name-fused" &&
    [ "$(hash_of "imported/$name")" = "$(hash_of "imported/$name-fused")" ] || return 1
  loss=$("$switchyard" evaluate "imported/$name" --dataset documents | sed -n 's/^validation loss *//p')
  "$python" - "$name" "$loss" <<'PY' || return 1
import json, sys
name, ours = sys.argv[1], float(sys.argv[2])
theirs = json.load(open("made/losses.json"))[name]
print(f"{name}: evaluate {ours!r}, PyTorch {theirs!r}, difference {ours - theirs:.1e}")
assert abs(ours - theirs) < 1e-6
PY
  "$switchyard" export "imported/$name" --hugging-face "made/$name-back" &&
    HF_HUB_OFFLINE=1 "$python" "$root/tests/long/hugging_face_models.py" same "made/$name" "made/$name-back"
}
for name in mixtral qwen2_moe qwen3_moe olmoe qwen3 llama olmo2 dots1; do
  step "imported_$name" imported "$name"
done

# `verify-layout --model` runs transformers beside the model, and names the layer of a planted fault.
swap_experts() {  # of layer 2 of dots1, for transformers alone
  "$python" - <<'PY'
import shutil
from safetensors.torch import load_file, save_file
shutil.rmtree("models/swapped", ignore_errors=True)
shutil.copytree("models/dots1", "models/swapped")
tensors = load_file("models/swapped/model.safetensors")
one, other = (f"model.layers.2.mlp.experts.{i}." for i in (1, 5))
for name in [name for name in tensors if name.startswith(one)]:
    twin = other + name[len(one):]
    tensors[name], tensors[twin] = tensors[twin], tensors[name]
save_file(tensors, "models/swapped/model.safetensors", {"format": "pt"})
PY
  printf '#!/bin/bash\nsed -i "s,/models/dots1\\",/models/swapped\\"," "$2/request.json"\nexec "%s" "$@"\n' "$python" >swapping && chmod +x swapping
}
# verified CODE TEXT PYTHON MODEL OPTIONS...
verified() {
  local code=$1 text=$2 with=$3 model=$4 dataset=bytes
  shift 4
  case $model in *norm | *llama) dataset=pieces ;; esac
  "$switchyard" verify-layout verify.toml --set data.dataset="$dataset" --model "models/$model" --python "$with" "$@" >verified
  [ $? = "$code" ] && grep "$text" verified || { cat verified; return 1; }
}
beside_transformers() {
  echo 'train = { steps = 1, global_batch_size = 8, micro_batch_size = 4 }' >verify.toml
  local model
  for model in mixtral qwen3_moe qwen3_moe_norm dots1 dots1_groups qwen3 llama; do
    verified 0 'the same beyond rounding' "$python" $model || return 1
  done
  swap_experts && verified 3 'parts first at layer2, in its FFN' ./swapping dots1 &&
    verified 3 'parts first at layer0, in its attention' "$python" llama --set model.rope_base=500 &&
    verified 3 'parts first at layer1, in its attention' "$python" qwen3_moe --set model.window=4 --set 'model.window_layers=[1]' &&
    verified 3 'parts first at layer0, in its FFN' "$python" mixtral --set router.scale=1.2
}
step beside_transformers beside_transformers
