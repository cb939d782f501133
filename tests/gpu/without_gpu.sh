#!/bin/bash
# without_gpu.sh BUILD: tests/gpu/run refuses a machine without a GPU, with a reason and without a report; and the programs, options
# and files that it would use exist.
set -uo pipefail
build=$(realpath "${1:?usage: without_gpu.sh BUILD}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
run=tests/gpu/run
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "FAILED: $*"; failed=1; }
cp "$(type -P true)" "$work/nvidia-smi"  # it lists nothing, whatever this machine has

PATH=$work:$PATH "$run" "$work/report.md" >"$work/out" 2>"$work/err"
[ $? = 2 ] || complain "a machine without a GPU is no usage error"
grep -q "lists no GPU" "$work/err" || complain "it does not say why: $(cat "$work/err")"
[ ! -e "$work/report.md" ] || complain "there is a report of nothing"
"$run" --no-such-option >"$work/out" 2>&1
[ $? = 2 ] || complain "an unknown option is taken"

"$run" --dry-run >"$work/commands" || complain "--dry-run"
[ "$(grep -c 'plan .*--device' "$work/commands")" = 4 ] || complain "it plans other devices than four"
ninja -C "$build" -t targets all >"$work/targets" 2>/dev/null
if grep -q '^gpu_tests: phony' "$work/targets"; then  # where nvcc is
  for program in $(grep -oE 'build/release/[a-z_/]+' "$work/commands" | sort -u); do
    grep -q "^${program#build/release/}: " "$work/targets" || complain "the build makes no $program"
  done
fi
"$build/switchyard" plan tests/gpu/30b_a3b.toml --vocabulary 151936 --device h200 --ranks 1 >"$work/out" 2>&1
grep -q "% of the peak" "$work/out" || complain "plan: $(tail -2 "$work/out")"
# The same commands on a host, at a small shape.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
try() { "$@" >"$work/out" 2>&1 </dev/null || complain "$* -- $(tail -2 "$work/out")"; }
while read -r command; do
  case $command in
    *"bench routing"*)
      command=$(sed 's/--hidden 2048/--hidden 32/; s/--expert-hidden 768/--expert-hidden 16/; s/--experts 128/--experts 8/; s/--tokens 8192/--tokens 32/
        s/run.device=cuda/run.device=cpu/' <<<"$command")
      small="--iterations 1 --repeats 1" ;;
    *" train "*) small="--set run.device=cpu --set run.threads=1 --set model.hidden=32 --set model.head_dim=8 --set model.num_heads=4 --set model.num_experts=8
      --set model.expert_hidden=16 --set model.num_layers=2 --set model.vocabulary=300 --set data.sequence_length=64 --set train.steps=3" ;;
    *) small="" ;;
  esac
  command=${command//release\/switchyard_cuda/release/switchyard}
  command=${command//build\/release\//$build/}
  case $command in *" prepare "*) mkdir -p "$(dirname "$(echo "$command" | grep -oE '/[^ ]*corpus.jsonl')")" &&
    for i in $(seq 400); do echo "{\"text\": \"Page $i of a text for a small run.\"}"; done >"$(echo "$command" | grep -oE '/[^ ]*corpus.jsonl')" ;;
  esac
  case $command in *"bench routing"* | *" prepare "* | *" train "*) try $command $small ;; esac
done <"$work/commands"
rm -rf "$(dirname "$(grep -oE '/[^ ]*corpus.jsonl' "$work/commands" | head -1)")"
exit $failed
