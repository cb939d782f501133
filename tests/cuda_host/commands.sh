#!/bin/bash
# commands.sh SWITCHYARD-WITH-AN-EMULATED-GPU: train, resume, evaluate, sample and bench with run.device = "cuda" do what they do
# on the host.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
gpu="--set run.device=cuda"
train() { # train RANKS RUN OPTIONS...
  local ranks=$1 run=$2
  shift 2
  mpi "$ranks" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$run" \
    --set train.steps=2 --set train.warmup_steps=1 --set train.global_batch_size=2 --set train.micro_batch_size=1 --set data.sequence_length=16 --set model.num_layers=2 --set train.exact=true --set checkpoint.keep=9 $gpu "$@" 2>err
}
hash_of() { "$switchyard" checkpoint hash "$1" 2>err | cut -d' ' -f1; }

make_corpus corpus.jsonl 40
prepare corpus.jsonl --output data --tokenizer bytes --validation-fraction 0.2

# Stop and resume equals not stopping, on another number of GPUs.
train 1 whole || complain "train"
train 1 parts --stop-before 1
[ $? = 75 ] || complain "a run that stops early"
train 2 parts --resume --set checkpoint.async=false || complain "resume on two GPUs, with saves that training waits for"
[ -n "$(hash_of whole)" ] && [ "$(hash_of whole)" = "$(hash_of parts)" ] || complain "the resumed run has other bits"

loss() { awk '/^validation loss/ { print $3 }' "$1"; }
"$switchyard" evaluate whole >host 2>err || complain "evaluate on the host"
mpi 2 "$switchyard" evaluate whole $gpu >device 2>err || complain "evaluate on two GPUs"
awk -v a="$(loss host)" -v b="$(loss device)" 'BEGIN { d = a - b; exit !(a > 0 && d * d < 1e-8 * a * a) }' ||
  complain "evaluate: $(loss host) on the host, $(loss device) on GPUs"

for texts in 1 3; do
  "$switchyard" sample whole --prompt "Page 7" --max-tokens 24 --temperature 0 --samples $texts >host 2>err || complain "sample on the host"
  "$switchyard" sample whole --prompt "Page 7" --max-tokens 24 --temperature 0 --samples $texts $gpu >device 2>err || complain "sample on a GPU"
  cmp host device || complain "a GPU writes another text"
done

mpi 3 "$switchyard" bench routing --iterations 1 --repeats 1 --tokens 16 --hidden 16 --exchange flat,hierarchical,pipelined,auto \
  --ranks-per-node 2 --workload zipf,empty_rank --payload f32,int8 $gpu >out 2>err || complain "bench routing"
[ "$(grep -vc '^#' out)" = 16 ] && [ "$(grep -v '^#' out | awk '{ wrong += $NF } END { print wrong }')" = 0 ] || complain "bench routing: wrong rows"
mpi 2 "$switchyard" bench routing --iterations 1 --repeats 1 --tokens 16 --hidden 64 --mode layer,step --expert-hidden 16 --workload zipf \
  --exchange pipelined $gpu >out 2>err || complain "bench routing of a layer and a step"
[ "$(grep -vc '^#' out)" = 2 ] || complain "bench routing of a layer: no lines"

"$switchyard" bench routing --exchange shared_memory $gpu >out 2>err
[ $? = 2 ] && grep -q 'use "flat"' err || complain "shared memory of GPUs"
"$switchyard" sample whole --prompt x --set train.steps=3 >out 2>err
[ $? = 2 ] && grep -q "only keys of \[run\]" err || complain "sample sets what it cannot"
exit $failed
