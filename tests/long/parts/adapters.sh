#!/bin/bash
# builds: switchyard
# PEFT loads what `model adapter` writes onto what `export` writes, computes the loss of `switchyard evaluate`, and merges to the
# tensors of `model fold`; `model adapter --base` reads what PEFT saves.
# Python with torch, transformers, peft and h5py: $SWITCHYARD_PYTHON, or a virtual environment from PyPI (some GB).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet torch transformers peft sentencepiece protobuf h5py; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python

step datasets prepare_both

# adapted NAME TARGETS OPTIONS...: trains a model and adapters beside it, and compares.
adapted() {
  local name=$1 targets=$2
  shift 2
  rm -rf "$name" && mkdir "$name"
  local options=(--set data.dataset=bytes --set data.sequence_length=512 --set train.steps=20 --set train.global_batch_size=4
    --set model.hidden=32 --set model.head_dim=16 --set model.expert_hidden=32 "$@")
  "$switchyard" train "$root/examples/tiny.toml" "${options[@]}" --set run.directory="$name/base" &&
    "$switchyard" train "$root/examples/tiny.toml" "${options[@]}" --set run.directory="$name/run" --set train.initial="$name/base" \
      --set adapter.rank=4 --set adapter.targets="$targets" &&
    "$switchyard" model fold "$name/run" --output "$name/folded" &&
    "$switchyard" export "$name/base" --hugging-face "$name/hf-base" &&
    "$switchyard" export "$name/folded" --hugging-face "$name/hf-folded" &&
    "$switchyard" model adapter "$name/run" --output "$name/adapter" || return 1
  local loss
  loss=$("$switchyard" evaluate "$name/run" | sed -n 's/^validation loss *//p')
  HF_HUB_OFFLINE=1 "$python" "$root/tests/long/peft_adapter.py" bytes "$loss" "$name/hf-base" "$name/adapter" "$name/hf-folded" \
    "$name/saved" || return 1
  case $targets in *experts*) return 0 ;; esac # which PEFT stacks when it saves them
  "$switchyard" model adapter "$name/saved" --base "$name/base" --output "$name/back" || return 1
  [ "$loss" = "$("$switchyard" evaluate "$name/back" --dataset bytes | sed -n 's/^validation loss *//p')" ]
}
step qwen3 adapted qwen3 '["attention", "ffn"]' --set model.num_experts=0
step qwen3_moe adapted qwen3_moe '["attention", "experts"]' --set model.shared_expert_hidden=0 --set router.gate=softmax_topk
step dots1 adapted dots1 '["*.attention.q", "layer1.attention.o"]' --set router.gate=sigmoid
step mixtral adapted mixtral '["experts"]' --set model.shared_expert_hidden=0 --set router.gate=topk_softmax --set model.qk_norm=false \
  --set 'model.dense_layers=[]'
