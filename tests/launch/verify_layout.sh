#!/bin/bash
# verify_layout.sh SWITCHYARD: the first steps of a run have the same bits on every layout; what changes a gradient or an update is
# found where it is; traces compare what two starts computed.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

make_corpus corpus.jsonl 60
prepare corpus.jsonl --output data
config=("$root/examples/tiny.toml" --set data.dataset=data)
before=$(find . | sort)

mpi 4 "$switchyard" verify-layout "${config[@]}" --steps 2 >out 2>err || complain "layouts differ: $(cat out)"
[ "$(tail -n 1 out)" = "the same bits on 4 layouts" ] || complain "no verdict: $(cat out)"

mpi 2 "$switchyard" verify-layout "${config[@]}" --steps 2 --json --layout ranks=1 --layout 'ranks=2 train.weight_decay=0.3' \
  --layout 'ranks=2 router.balance_loss=0.5' --layout 'ranks=1 train.recompute_layers=2 router.exchange=flat' >out 2>err
[ $? = 3 ] || complain "different bits end with another code"
python3 - <<'PY' || complain "differences are in other places: $(cat out)"
import json
found = json.load(open("out"))
first, decay, balance, same = found["layouts"]
assert not found["same"] and first["same"] and same["same"], found
assert (decay["step"], decay["part"]) == (0, "update") and "layer0.ffn.down" in decay["tensors"], decay
assert (balance["step"], balance["part"], balance["tensors"][0]) == (0, "gradient", "layer2.router"), balance
PY

"$switchyard" verify-layout "${config[@]}" --steps 2 --layout ranks=1 --record one.json >out 2>err
[ $? = 2 ] || complain "one layout is compared with nothing"
"$switchyard" verify-layout "${config[@]}" --steps 2 --record one.json >out 2>err || complain "record"
mpi 2 "$switchyard" verify-layout "${config[@]}" --steps 2 --layout ranks=2 --against one.json >out 2>err || complain "two ranks against one: $(cat out)"
"$switchyard" verify-layout "${config[@]}" --steps 2 --layout ranks=1 --against one.json --set train.seed=2 >out 2>err
[ $? = 3 ] && grep -q 'differs first at step 0, forward: embedding' out || complain "another seed: $(cat out)"

"$switchyard" train "${config[@]}" --set run.directory=run --set train.steps=1 --set train.warmup_steps=0 >out 2>err || complain "train"
initial=(--set train.initial=run --set data.dataset=data --steps 2 --layout ranks=1)
"$switchyard" verify-layout "${config[@]}" "${initial[@]}" --layout 'ranks=1 run.threads=2' >out 2>err || complain "layouts from a model: $(cat out)"
"$switchyard" verify-layout "${config[@]}" "${initial[@]}" --against one.json >out 2>err
[ $? = 3 ] && grep -q 'differs first at step 0, forward: embedding' out || complain "train.initial is left out: $(cat out)"
rm -r run data/rows-*

"$switchyard" verify-layout "${config[@]}" --layout ranks=1 --layout 'ranks=1 train.seed=2' >out 2>err
[ $? = 2 ] && grep -q 'changes what is computed: train.seed' err || complain "a layout with another seed"
"$switchyard" verify-layout "${config[@]}" --set train.exact=false >out 2>err
[ $? = 2 ] && grep -q 'train.exact' err || complain "without train.exact"
rm -f one.json out err
[ "$(find . | grep -v prepare.log | sort)" = "$(grep -v prepare.log <<<"$before")" ] || complain "it wrote $(find . -newer data)"
exit $failed
