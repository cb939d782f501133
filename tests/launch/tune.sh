#!/bin/bash
# tune.sh SWITCHYARD: `bench routing --tune-site` measures, writes a cluster that --model reads, and prints each case that it held out;
# `train` with router.cluster takes the exchange that the file predicts, with the same bits. How near predictions come is for
# tests/long/parts/emulated_ports.sh.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

mpi 2 "$switchyard" bench routing --tune-site --seconds 1 --output here.toml >out 2>err
code=$?
[ $code = 0 ] || [ $code = 8 ] || complain "the tuning ended with $code"
far=$(grep -c '% !$' out)
[ "$((code == 8))" = "$((far > 0))" ] || complain "exit code $code, and $far cases were far from their prediction"
[ "$(grep -c '[0-9]%\( !\)\?$' out)" = 16 ] && grep -q "^# $((16 - far)) of 16 held-out cases within 20 %" out || complain "held-out cases: $(cat out)"
[ "$(grep -c '^# .*x.*: \(flat\|shared_memory\)' out)" = 21 ] || complain "choices: $(cat out)"
[ "$(grep -c "^# router.payload = \"\(bf16\|int8\)\" took [0-9.]* of f32's time in \(flat\|shared_memory\) of " out)" = 4 ] || complain "payloads: $(cat out)"
[ "$(grep -c ' = ' here.toml)" = 17 ] && grep -qx 'ranks_per_node = 2' here.toml || complain "the cluster: $(cat here.toml)"
"$switchyard" bench routing --model here.toml --exchange auto --workload balanced >out 2>err || complain "a prediction for it"
grep -q assumed out err && complain "the file leaves something out: $(cat out)"
"$switchyard" bench routing --tune-site >out 2>err
[ $? = 2 ] && grep -q 'between ranks' err || complain "one rank has nothing to tune"
mpi 2 "$switchyard" bench routing --tune-site --model here.toml >out 2>err
[ $? = 2 ] || complain "--tune-site beside --model"

make_corpus corpus.jsonl 40
prepare corpus.jsonl --output data
train() {  # train NAME OPTIONS...
  local name=$1
  shift
  mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$name" --set train.steps=2 \
    --set train.warmup_steps=1 --set router.exchange=auto "$@" >out 2>err
}
printf 'ranks_per_node = 2\nshared_memory_packing = 1000\nfence_us = 1000\n' >messages.toml
printf 'ranks_per_node = 2\nnode_latency_us = 1000\nfence_us = 1\n' >window.toml
train messages --set router.cluster=messages.toml || complain "a run by messages.toml"
grep -q 'exchange: flat, by .*messages.toml the fastest of flat .* shared_memory .*128 tokens on 2 ranks' err || complain "not flat: $(grep exchange: err)"
train window --set router.cluster=window.toml || complain "a run by window.toml"
grep -q 'exchange: shared_memory, by .*window.toml the fastest' err || complain "not shared_memory: $(grep exchange: err)"
[ "$("$switchyard" checkpoint hash messages | cut -d ' ' -f 1)" = "$("$switchyard" checkpoint hash window | cut -d ' ' -f 1)" ] || complain "the choice changes bits"
train one --set parallel.experts=1 --set router.cluster=window.toml || complain "a group of one rank"
grep -q 'exchange: flat, having one rank' err || complain "a group of one: $(grep exchange: err)"
train none --set router.cluster=nowhere.toml
[ $? = 2 ] && grep -q 'there is no cluster model' err || complain "a cluster that is nowhere"
train other --set router.cluster=messages.toml --set router.exchange=flat || complain "flat"
grep -q 'router.cluster = .*does nothing' err || complain "no word about a cluster that is not used"
exit $failed
