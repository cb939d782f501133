#!/bin/bash
# bench_routing.sh SWITCHYARD: every exchange, workload and mode is measured and right; reports can be read and compared.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"

bench() {  # bench RANKS OPTIONS...
  local ranks=$1
  shift
  mpi "$ranks" "$switchyard" bench routing --iterations 2 --repeats 1 --hidden 64 "$@"
}
fails() {  # fails CODE TEXT OPTIONS...: with that exit code and TEXT in one message
  local code=$1 text=$2
  shift 2
  bench 2 "$@" >out 2>err
  local got=$?
  if [ $got != "$code" ] || [ "$(grep -c '^switchyard: ' err)" != 1 ] || ! grep -qF -- "$text" err || [ -s out ]; then
    echo "FAILED: $*: exit code $got (expected $code), looking for: $text"
    sed 's/^/  | /' out err | head -10
    failed=1
  fi
}
same() {  # same WHAT EXPECTED GOT
  [ "$2" = "$3" ] || { echo "FAILED: $1: $3, expected $2"; failed=1; }
}

bench 3 --tokens 32 --mode dispatch,combine,round_trip --exchange all --workload all --ranks-per-node 2 >out 2>err || { cat err; failed=1; }
same "lines of 3 modes, 4 exchanges, 9 workloads" 108 "$(grep -vc '^#' out)"
same "wrong rows" 0 "$(grep -v '^#' out | awk '{ wrong += $NF } END { print wrong }')"

bench 2 --tokens 32 --mode layer,step --exchange flat,auto --payload bf16 --expert-hidden 32 --csv >out 2>err || { cat err; failed=1; }
same "lines of CSV" 15 "$(wc -l <out)"
same "columns of CSV" 45 "$(head -1 out | tr , '\n' | wc -l)"
same "columns of each line" 1 "$(awk -F, '{ print NF }' out | sort -u | wc -l)"

bench 2 --tokens 16:32:x2 --json >old.json 2>err || { cat err; failed=1; }
same "results of a range of sizes" 24 "$(grep -c '"seconds_p50"' old.json)"
same "the command line in the report" 1 "$(grep -c '"command": ".*bench routing --iterations 2 .*--json"' old.json)"
sed -E 's/("seconds_p(50|10)"): [^,]*/\1: 1e-9/; s/"noise": [^,]*/"noise": 0.0/; s/^( +)[0-9.e-]+$/\11e-9/' old.json >faster.json
bench 2 --tokens 16 --workload zipf --exchange flat --compare faster.json >out 2>err || { cat err; failed=1; }
same "a case that was faster" 1 "$(grep -c '^SLOWER zipf round_trip flat' out)"
bench 2 --tokens 16 --workload zipf --exchange flat --seed 7 --compare faster.json >out 2>err || { cat err; failed=1; }
same "a case with another seed" 1 "$(grep -c '^not compared: zipf round_trip flat.*seed 1, now 7' out)"
bench 2 --experts 1 --top-k 1 --workload balanced --exchange flat --tokens 16 >out 2>err || { cat err; failed=1; }
same "ranks without experts are named" 1 "$(grep -c '^# 1 expert on 2 ranks: 1 rank' out)"
bench 4 --expert-group 2 --ranks-per-node 2 --workload hot_rank --mode dispatch,layer,step --tokens 16 --exchange flat --csv >out 2>err ||
  { cat err; failed=1; }
same "bytes between nodes of groups within nodes" "0 0 0" "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
  { print $c["link_bytes"] }' out | xargs)"

printf 'nodes = 1\nranks_per_node = 2\n' >here.toml
bench 2 --tokens 16 --workload balanced --exchange flat --model here.toml --csv >out 2>err || { cat err; failed=1; }
same "a prediction beside a measurement" 1 "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
  NR == 2 { print ($c["seconds_predicted"] > 0 && $c["seconds_alltoallv"] > 0) }' out)"
grep -q '^# assumed, because here.toml does not set them: .*gflop_per_s = 100' err || { echo "FAILED: what a model does not say"; cat err; failed=1; }
printf 'nodes = 3\n' >there.toml
fails 2 "describes 3 ranks, but 2 are running" --model there.toml

make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory=run --set train.steps=2 \
  --set train.warmup_steps=1 --set train.checkpoint_every=2 --set router.record=tape >train.log 2>&1 || { cat train.log; failed=1; }
bench 2 --replay tape --workload replay --exchange flat,shared_memory --csv >out 2>err || { cat err; failed=1; }
same "a recorded run's tokens, choices and wrong rows" "$(printf 'replay 128 2 0\nreplay 128 2 0')" \
  "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
     { print $1, $c["tokens_per_rank"], $c["top_k"], $c["wrong"] }' out)"
bench 2 --replay tape --workload balanced,zipf --mode layer,step --exchange flat --expert-hidden 32 --csv >out 2>err || { cat err; failed=1; }
same "what a recorded and a skewed run lose against a balanced one" "balanced replay zipf balanced replay zipf 4" \
  "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
     $1 == "balanced" { rate = $c["tokens_per_second"]; if ($c["share_lost_to_imbalance"] != "") print "a loss against itself" }
     $1 != "balanced" { right = 1 - $c["tokens_per_second"] / rate - $c["share_lost_to_imbalance"]; n += right < 1e-9 && right > -1e-9 }
     { printf "%s ", $1 } END { print n }' out)"
fails 2 "set --experts to the number of experts" --replay tape --experts 2
for i in 1 2 3 4 5 6 7 8; do echo '{"routed_experts": [[0, 1], [2, 3]]}'; done >trace.jsonl
bench 2 --replay trace.jsonl --workload replay --tokens 16 --experts 4 --exchange flat --csv >out 2>err || { cat err; failed=1; }
same "another program's trace, whose even layers have all rows on rank 0" "replay 16 2 2.0 0" \
  "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
     { print $1, $c["tokens_per_rank"], $c["top_k"], $c["skew"], $c["wrong"] }' out)"

fails 2 "unknown workload quiet" --workload quiet
fails 2 "unknown exchange pigeon" --exchange pigeon
fails 2 "choose k between 1 and" --top-k 9
fails 2 "choose fewer tokens" --tokens 16777216 --hidden 1048576
fails 2 "choose fewer tokens" --tokens 16 --mode layer --expert-hidden 16777216 --hidden 1048576
printf 'nodes = 1048576\nranks_per_node = 4096\n' >absurd.toml
fails 2 "are more than 1048576 ranks" --model absurd.toml
fails 2 "mode layer" --mode layer --experts 128
fails 2 "does not divide the 2 ranks" --expert-group 3
fails 2 "there is no column speed" --columns speed
fails 2 "--tokens" --tokens many
fails 3 "nowhere.json" --compare nowhere.json
echo '{"kind": "something else"}' >other.json
fails 3 "bench routing --json" --compare other.json
exit $failed
