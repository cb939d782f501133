#!/bin/bash
# builds: switchyard
# Models merged by mergekit 0.1.5 and by `model make`: every value differs by at most 1e-6.
# Python with mergekit: $SWITCHYARD_PYTHON, or a virtual environment from PyPI (some GB).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet mergekit==0.1.5; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python

step datasets prepare_both

# models: a base, and two that went on from it, as transformers' Llama.
models() {
  local name
  rm -rf runs base one two
  train() {
    "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=bytes --set run.directory="runs/$1" --set train.steps=20 \
      --set model.num_experts=0 --set model.shared_expert_hidden=0 --set model.qk_norm=false "${@:2}"
  }
  train base && train one --set train.initial=runs/base --set train.seed=2 && train two --set train.initial=runs/base --set train.seed=3 || return 1
  for name in base one two; do "$switchyard" export "runs/$name" --hugging-face "$name" || return 1; done
}
step models models

merges() {
  local method
  rm -rf merged-* ours-* ./*.toml
  HF_HUB_OFFLINE=1 "$python" "$root/tests/long/mergekit_oracle.py" base one two || return 1
  for method in linear task_arithmetic ties; do
    mpi 2 "$switchyard" model make $method.toml --output ours-$method --hugging-face || return 1
  done
  "$python" "$root/tests/long/mergekit_oracle.py" compare linear task_arithmetic ties
}
step merges merges
