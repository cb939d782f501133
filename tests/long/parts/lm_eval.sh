#!/bin/bash
# builds: switchyard
# `switchyard score` beside lm-eval's `hf` on the exported model, item by item, for every task; and the goldens of launch/score made again.
# Python with torch, transformers and lm-eval 0.4.13: $SWITCHYARD_PYTHON, or a virtual environment from PyPI (some GB).
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/long/notes.sh"
cd "$state" || exit 1
python=${SWITCHYARD_PYTHON:-$state/python/bin/python3}
get_python() { python3 -m venv python && python/bin/pip install --quiet torch transformers sentencepiece protobuf 'lm-eval[hf]==0.4.13'; }
[ -n "${SWITCHYARD_PYTHON:-}" ] || step python get_python
export HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 HF_HOME=$state/cache PYTHONDONTWRITEBYTECODE=1

same_goldens() {
  "$python" "$root/tests/long/lm_eval_goldens.py" goldens.json && cmp goldens.json "$root/tests/launch/score/goldens.json"
}
step goldens same_goldens

step datasets prepare_both

# compare DATASET: trains, exports and compares.
compare() {
  rm -rf "run-$1" "model-$1"
  "$switchyard" train "$root/examples/tiny.toml" --set data.dataset="$1" --set run.directory="run-$1" --set data.sequence_length=512 \
    --set train.steps=40 --set train.global_batch_size=4 --set model.hidden=32 --set model.head_dim=16 --set model.expert_hidden=32 \
    --set model.shared_expert_hidden=0 --set router.gate=topk_softmax &&
    "$switchyard" export "run-$1" --hugging-face "model-$1" &&
    "$python" "$root/tests/long/lm_eval_live.py" "$switchyard" "run-$1" "model-$1"
}
step bytes compare bytes
step pieces compare pieces
