#!/bin/bash
# restarts.sh SWITCHYARD [STEP...]: a run with everything that remembers (moments, warm-up, biases of gates, counts of the step
# before, jitter, the guard's window) is killed once it has saved each STEP (default: two of 12, drawn with a seed from the commit)
# and started again on other ranks: it must end with the bits of the run that nothing happened to. tests/long has every step.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
shift
RANDOM=$((16#$(git -C "$root" rev-parse --short=4 HEAD 2>/dev/null || echo 7)))
[ $# -gt 0 ] || set -- $((1 + RANDOM % 6)) $((7 + RANDOM % 5))
steps=12
for step in "$@"; do [ "$step" -lt $steps ] || steps=$((step + 1)); done

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
start() {  # start RANKS DIRECTORY ARGUMENTS...
  mpi "$1" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$work/$2" --resume \
    --set run.threads=1 --set train.steps=$steps --set train.checkpoint_every=1 --set checkpoint.keep=3 --set train.warmup_steps=8 \
    --set router.gate=sigmoid --set router.bias_rate=0.01 --set router.jitter=0.05 --set router.balance_over=global_batch \
    --set train.placement_every=3 --set guard.window=8 >"$2.out" 2>"$2.err"
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
window_of() { grep -o '"guard": *{[^}]*}' "$(ls -d "$1"/checkpoints/step-* | tail -1)/manifest.json"; }
ranks() { pgrep -f "^$switchyard train .*$work/run "; }

start 2 whole || { cat whole.err; exit 1; }
expected=$(hash_of whole)
count=2
for step in "$@"; do
  start $count run &
  saved=$work/run/checkpoints/step-$(printf %08d "$step")-a
  for _ in $(seq 600); do
    ls "$saved"*/manifest.json >/dev/null 2>&1 && break
    kill -0 $! 2>/dev/null || break
    sleep 0.02
  done
  kill -9 $(ranks) 2>/dev/null
  wait $! 2>/dev/null
  count=$((count % 3 + 1))
done
start $count run || { complain "the run did not go on"; exit 1; }
[ "$(hash_of run)" = "$expected" ] || complain "killed after saving steps $*, it has other weights"
[ "$(window_of run)" = "$(window_of whole)" ] || complain "killed after saving steps $*, the guard's window differs"
exit $failed
