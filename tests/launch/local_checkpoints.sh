#!/bin/bash
# local_checkpoints.sh SWITCHYARD: a killed run goes on from node-local checkpoints of which a node was lost, and from the shared one
# when two were. Each rank plays the part of a node.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
train() {  # train DIRECTORY ARGUMENTS...
  mpi 4 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$1/run" \
    --set train.steps=100000 --set train.checkpoint_every=0 --set run.threads=1 --set checkpoint.local_dir="$1/local" \
    --set checkpoint.local_every=3 --set checkpoint.local_ranks_per_node=1 "${@:2}" >out 2>err
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data --tokenizer sentencepiece:300

# A shared checkpoint of step 2, node-local ones of later steps, and then no run any more.
train killed --stop-before 2
train killed --resume &
for _ in $(seq 200); do ls killed/local/node-3/*/step-*/manifest.json >/dev/null 2>&1 && break; sleep 0.1; done
kill -9 "$(grep -o '"pid": [0-9]*' killed/run/attempts/0002.json | grep -o '[0-9]*')"
wait
newest=$(ls killed/local/node-3/*/*/manifest.json | sed -n 's/.*step-0*\([0-9]*\)-a.*/\1/p' | sort -n | tail -1)
[ -n "$newest" ] || { complain "no node-local checkpoint was made"; exit 1; }
cp -r killed twice
end=$((newest + 3))

rm -r killed/local/node-1
train killed --resume --stop-before $end
[ $? = 75 ] || complain "it does not go on without a node"
grep -q "had lost rank-00001.h5: rebuilt" err || complain "it does not say what was rebuilt"
ls killed/run/checkpoints/step-*"$newest"-a0002/tokenizer-*.model >/dev/null || complain "the tokenizer did not come home"
grep -q "resuming at step $newest" err || complain "it does not go on from the node-local checkpoint"
train whole --stop-before $end
[ "$(hash_of killed/run)" = "$(hash_of whole/run)" ] || complain "other weights than without the kill"

rm -r twice/local/node-0 twice/local/node-1
train twice --resume --stop-before 4
grep -q "skipped the node-local step.*rank-00000.h5 and rank-00001.h5" err || complain "it does not say what two nodes lost"
grep -q "resuming at step 2 " err || complain "it does not fall back to the shared checkpoint"
exit $failed
