#!/bin/bash
# same_bits.sh SWITCHYARD [all]: one config gives the same losses and the same weights on any number of ranks, at any expert
# degree and thread count, wherever its experts move, and through stops and restarts on other rank counts. Without `all` the
# first config is tried on five layouts that the commit draws, and the second on three; tests/long has all of them.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 300
prepare corpus.jsonl --output data --tokenizer sentencepiece:400

start() {  # start DIRECTORY RANKS ARGUMENTS...
  local directory=$1 ranks=$2
  shift 2
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" \
    --set data.dataset=data --set run.directory="$directory" --resume "${config[@]}" "$@" >out 2>err
}
# What must be equal: every step's loss, gradient norm and expert loads, and the hash of all tensors.
result() {
  sed -E '/"(checkpoint|placement)":/d; s/"attempt":[0-9]+,//; s/"tokens_per_second":[^,]*,//; s/,"course":.*//' "$1/metrics.jsonl"
  "$switchyard" checkpoint hash "$1" | cut -d' ' -f1
}
same() {  # same DIRECTORY WHAT: compares with the directory `reference`
  result "$1" >"$1.result"
  if ! cmp -s reference.result "$1.result"; then
    echo "FAILED: $2 differs from one rank"
    diff reference.result "$1.result" | head -4
    tail -3 err
    failed=1
  fi
  rm -rf "${1:?}"
}

every_layout=("1 auto 2" "2 auto 1" "2 1 1" "3 auto 1" "3 1 1" "4 auto 1" "4 2 1" "8 auto 1" "8 2 1")
layouts=("${every_layout[@]}")
if [ "${2:-}" != all ]; then
  RANDOM=$((16#$(git -C "$root" rev-parse --short=4 HEAD 2>/dev/null || echo 1)))
  mapfile -t layouts < <(for layout in "${every_layout[@]}"; do echo "$RANDOM $layout"; done | sort -n | head -n 5 | cut -d' ' -f2-)
fi

sweep() {  # sweep NAME ARGUMENTS...: one config on all of $layouts
  local name=$1
  shift
  config=("$@")
  start reference 1 || { cat err; failed=1; }
  result reference >reference.result
  [ "$(wc -l <reference.result)" = 21 ] || { echo "FAILED: $name: 20 losses and a hash expected"; failed=1; }
  for layout in "${layouts[@]}"; do
    read -r ranks degree threads <<<"$layout"
    start a "$ranks" --set parallel.experts="$degree" --set run.threads="$threads"
    same a "$name on $ranks ranks, expert degree $degree, $threads threads each"
  done
  start b 4 --stop-before 7 --set train.placement_every=3 --set router.extra_copies=3 --set router.balance_step=always
  grep -q '"guests":{"copies":[1-9]' b/metrics.jsonl || { echo "FAILED: $name: no expert visited"; failed=1; }
  start b 2 --stop-before 13 --set train.placement_every=2
  grep -q '"moved":[1-9]' b/metrics.jsonl || { echo "FAILED: $name: no expert moved"; failed=1; }
  start b 8
  same b "$name on 4 ranks with moving experts, copies and guests, then 2 with moving experts, then 8"
  rm -rf reference
}

sweep "tiny"
[ "${2:-}" = all ] || layouts=("1 auto 2" "3 auto 1" "4 2 1")
sweep "six experts, top-3, a gated shared expert, norms after, a larger table, bf16 moments, every part of attention, objectives, masks, two modules ahead" \
  --set model.mtp_depth=2 \
  --set dropout.weights=0.2 --set dropout.ffn=0.1 --set dropout.residual=0.1 --set dropout.embedding=0.05 \
  --set data.fill_in_middle=0.4 --set data.spans=0.3 --set data.noise=0.05 \
  --set model.num_experts=6 --set router.top_k=3 --set router.gate=topk_softmax --set model.tie_embeddings=false --set train.moments=bf16 \
  --set model.shared_expert_hidden=64 --set model.shared_expert_gate=true --set model.norm_placement=after --set model.vocabulary=448 \
  --set model.qk_norm=projection --set model.qkv_bias=true --set model.o_bias=true --set model.window=24 --set model.window_layers=[1] \
  --set model.rope_type=yarn --set model.rope_factor=4 --set model.rope_original_length=32

# All of docs/tune-training.md at once: prompts without a loss, a phase of other weights, a growing batch, rates by role and
# layer, frozen parameters (some of each expert's) and a schedule with its decay; Muon; and low-rank networks, whose guides end on the way.
for name in questions sums; do
  for i in $(seq 150); do
    echo "{\"prompt\": \"$name: what is the square of $i? \", \"text\": \"It is $((i * i)), and $((i % 7)) is what 7 leaves of it.\"}"
  done >$name.jsonl
  printf '[[source]]\nname = "%s"\ninputs = "%s.jsonl"\nprompt_field = "prompt"\n' $name $name >>recipe.toml
done
prepare --recipe recipe.toml --output asked --tokenizer sentencepiece:300 --dedup exact
[ "${2:-}" = all ] || layouts=("3 auto 1")
sweep "everything" --set data.dataset=asked --set data.loss_on=response --set data.noise=0.05 \
  --set 'data.phases.end={ from = 9, weights = { sums = 2.5, questions = 0.5 } }' \
  --set 'train.batch_ramp=[[0, 8], [6, 16], [11, 24]]' --set train.schedule=wsd --set train.decay_steps=8 \
  --set train.decay_shape=1-sqrt --set train.rates.router=2 --set train.rates.experts=0.5 --set train.decays.embedding=0 \
  --set train.layer_rate_decay=0.9 --set 'train.freeze=["layer1.attention.*", "layer2.expert*.up*"]' --set low_rank.rank=12 --set train.guide_steps=9 \
  --set train.optimizer=muon --set model.mtp_depth=1 --set train.mtp_weight=0.5 --set train.recompute_layers=4
exit $failed
