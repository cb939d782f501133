#!/bin/bash
# plan_run.sh SWITCHYARD: what plan prints before a run, what --profile writes, and both side by side.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
tiny=("$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run --set run.threads=1)

finds() {  # finds FILE TEXT...: each in the file
  local file=$1 text
  shift
  for text in "$@"; do grep -qF -- "$text" "$file" || { echo "FAILED: no '$text' in $file"; cat "$file" err; failed=1; }; done
}
refused() {  # refused TEXT COMMAND...: exit code 2 and TEXT in one message
  local text=$1
  shift
  "$@" >out 2>err
  [ $? = 2 ] && [ "$(grep -c '^switchyard: ' err)" = 1 ] && grep -qF -- "$text" err || { echo "FAILED: $*"; cat err; failed=1; }
}

mpi 2 "$switchyard" train "${tiny[@]}" --profile >out 2>err || { cat err; failed=1; }
finds out "experts" "attention" "reduce" "GFLOP/s" "limits, measured"
for rank in 0 1; do
  python3 - run/profile/rank$rank.trace.json <<'CHECK' || { echo "FAILED: the trace of rank $rank"; failed=1; }
import json, sys
spans = [event for event in json.load(open(sys.argv[1]))["traceEvents"] if event["ph"] == "X"]
steps = [span for span in spans if span["name"] == "step"]
inside = [span for span in spans if span["name"] == "experts" and steps[3]["ts"] <= span["ts"] <= steps[3]["ts"] + steps[3]["dur"]]
sys.exit(0 if len(steps) == 20 and len(inside) == 2 * 2 * 6 else 1)  # 2 layers, forward and backward, 6 micro-batches
CHECK
done

rows() {  # rows PART=SOURCE...: where out.json says that the rates of these parts come from; each part with a reason unless measured
  python3 - "$@" <<'CHECK' || { echo "FAILED: the rates of the plan"; cat out.json; failed=1; }
import json, sys
parts = {name: part for name, part in json.load(open("out.json"))["parts"].items() if part["amount"] > 0}
expected = dict(argument.split("=") for argument in sys.argv[1:])
for part in json.load(open("run/profile/profile.json"))["parts"]:  # every part of a run has a row
    if part["part"] not in parts and part["part"] != "data": sys.exit("no row for " + part["part"])
for name, part in parts.items():
    source = expected.get(name, expected["rest"])
    if part["rate"] != source: sys.exit(f"{name} is {part['rate']}, not {source}")
    if (source == "measured") != ("why" not in part): sys.exit(f"{name} has no reason")
CHECK
}
copies=(--set router.extra_copies=2 --set train.placement_every=5)
mpi 2 "$switchyard" train "${tiny[@]}" "${copies[@]}" --set run.directory=copies --profile >out 2>err || { cat err; failed=1; }
finds out "copies"
mpi 2 "$switchyard" plan "${tiny[@]}" "${copies[@]}" --json --save-rates of-two.toml >out.json 2>err || { cat err; failed=1; }
rows rest=measured copies=measured
"$switchyard" plan "${tiny[@]}" --ranks 4 --rates of-two.toml --json >out.json 2>err || { cat err; failed=1; }
rows rest=assumed
"$switchyard" plan "${tiny[@]}" --ranks 2 --json >out.json 2>err || { cat err; failed=1; }  # one process has no rank to send to
rows rest=assumed exchange=assumed
"$switchyard" plan "${tiny[@]}" --ranks 2 --rates of-two.toml --network 3GB/s --json >out.json 2>err || { cat err; failed=1; }
rows rest=measured exchange=given reduce=given gather=given

mpi 2 "$switchyard" plan "${tiny[@]}" --run run --save-rates rates.toml >out 2>err || { cat err; failed=1; }
finds out "2 ranks" "exports as: dots1" "FLOPs per token" "moments" "together" "measured" "off by" "tokens/s"
"$switchyard" plan "${tiny[@]}" --ranks 12 --nodes 3 --rates rates.toml --vocabulary 5000 --json >out 2>err || { cat err; failed=1; }
finds out '"ranks": 12' '"ranks_per_node": 4' '"step_seconds"'
refused "but a node has" "$switchyard" plan "${tiny[@]}" --ranks 2 --rates rates.toml --memory-per-node 1MiB
finds out "a node, 2 ranks"  # a table, also where the run does not fit
for example in tiny:dots1 quickstart:qwen3_moe cluster:qwen3_moe; do  # each can be exported
  "$switchyard" plan "$root/examples/${example%:*}.toml" --rates rates.toml --vocabulary 32000 >out 2>err || { cat err; failed=1; }
  finds out "exports as: ${example#*:}"
done
"$switchyard" plan "${tiny[@]}" --rates rates.toml --set router.gate=hash >out 2>err || { cat err; failed=1; }
finds out "exports as: no family:" 'dots1 lacks router.gate = "hash"'
"$switchyard" plan "${tiny[@]}" --rates rates.toml --set model.num_experts=0 --ranks 2 >out 2>err || { cat err; failed=1; }
finds out "no experts" "exports as: qwen3" "0 B of rows"
"$switchyard" plan "${tiny[@]}" --nodes 2 --ranks-per-node 2 >out 2>err || { cat err; failed=1; }
finds out "4 ranks on 2 nodes" "a node, 2 ranks" "GB/s  assumed" "partly assumed" "the network was not measured" "the run: 20 steps"
finds err "step of the rehearsal"
"$switchyard" plan "${tiny[@]}" --experts 4,64 --rates rates.toml --network 3GB/s >out 2>err || { cat err; failed=1; }
finds out "experts  parameters" "model.num_experts = 8 (here 64)" "cost: rank-seconds for a million tokens"
refused "do not spread evenly over 3 nodes" "$switchyard" plan "${tiny[@]}" --ranks 8 --nodes 3 --rates rates.toml
"$switchyard" plan "${tiny[@]}" --set run.device=cuda >out 2>err || { cat err; failed=1; }
finds out "of that on a GPU" "no time: the rates of a GPU cannot be measured yet"
refused "but a GPU has" "$switchyard" plan "${tiny[@]}" --set run.device=cuda --memory-per-gpu 1MiB
refused "13 ranks for only 12 micro-batches" "$switchyard" plan "${tiny[@]}" --ranks 13 --rates rates.toml
refused "model.expert_hidden = 16777216 is the setting furthest" "$switchyard" plan "${tiny[@]}" --rates rates.toml --set model.num_layers=10000 \
  --set model.hidden=1048576 --set model.expert_hidden=16777216 --set model.num_experts=8192
refused "train.micro_batch_size = 1048576 is the setting furthest" "$switchyard" plan "${tiny[@]}" --rates rates.toml --set data.sequence_length=16777216 \
  --set train.micro_batch_size=1048576 --set train.global_batch_size=1048576
refused "use --rates" "$switchyard" plan "${tiny[@]}" --set model.hidden=1048576
refused "model.vocabulary = 100 has no rows for all 257 ids" "$switchyard" plan "${tiny[@]}" --rates rates.toml --set model.vocabulary=100
refused "the size of the vocabulary is unknown" "$switchyard" plan "$root/examples/tiny.toml" --rates rates.toml
exit $failed
