#!/bin/bash
# grow_experts.sh SWITCHYARD: docs/grow-experts.md, command by command: a run of 8 experts on two ranks goes on with 64 on four, from the
# loss where it was, on any layout with the same bits.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../program.sh"

make_corpus corpus.jsonl 240
prepare corpus.jsonl --output data --validation-fraction 0.2
loss_of() { "$switchyard" evaluate "$1" --dataset data 2>err | sed -n 's/^validation loss  //p'; }
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d ' ' -f 1; }
less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && a < b) }'; }

mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=runs/base --set parallel.experts=2 \
  --set train.steps=25 >out 2>err || complain "the run of 8 experts"
base=$(loss_of runs/base)

cat >grow.toml <<'T'
method = "grow"
times = 8
by = "split"
[[input]]
path = "runs/base"
T
mpi 2 "$switchyard" model make grow.toml --output models/grown >out 2>err || complain "model make"
"$switchyard" inspect models/grown 2>err | grep -q '64 experts, 16 per token' || complain "no 64 experts"
grown=$(loss_of models/grown)
awk -v a="$base" -v b="$grown" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-12 * a * a) }' || complain "loss $base of 8 experts, $grown of 64"

cat >grown.toml <<'T'
run.directory = "runs/grown"
data = { dataset = "data", sequence_length = 64 }
parallel.experts = 4
[train]
initial = "models/grown"
seed = 2
steps = 12
warmup_steps = 4
learning_rate = 1e-3
min_learning_rate = 1e-3
global_batch_size = 24
micro_batch_size = 2
T
mpi 4 "$switchyard" train grown.toml --stop-before 6 >out 2>err
[ $? = 75 ] || complain "the run of 64 experts"
rm -r models
mpi 2 "$switchyard" train grown.toml --set parallel.experts=2 --resume >out 2>err || complain "its resume on two ranks, of degree 2"
later=$(loss_of runs/grown)
less "$later" "$base" || complain "64 experts learn nothing: $later after $base"
first=$(python3 -c 'import json; print(next(m["loss"] for m in map(json.loads, open("runs/grown/metrics.jsonl")) if "loss" in m))')
less "$first" "$(awk -v a="$base" 'BEGIN { print a + 0.3 }')" || complain "the first step has loss $first, and the run before ended at $base"

mpi 1 "$switchyard" model make grow.toml --output models/grown >out 2>err
"$switchyard" train grown.toml --set parallel.experts=1 --set run.directory=runs/alone >out 2>err || complain "the same on one rank"
[ "$(hash_of runs/grown)" = "$(hash_of runs/alone)" ] || complain "the layout changes bits of the grown run"
exit $failed
