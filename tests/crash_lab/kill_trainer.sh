#!/bin/bash
# kill_trainer.sh BUILD-FOLDER SEED CASES [FIRST]: the real trainer on 4 ranks, killed, stopped or failed at one file operation of
# one rank, or with one bit changed on its way to the disk, then started again: it must end with the weights of the run that
# nothing happened to. Every second case has node-local checkpoints as well, of two nodes; half of those lose one node's before
# the second start. Cases FIRST (default 1) to CASES are drawn with the seed.
set -uo pipefail
cases=$3 first=${4:-1}
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh" "$1"
RANDOM=$(($2 % 32768))
lab=$build/switchyard_crashlab
[ -x "$build/switchyard" ] && plain=$build/switchyard || plain=$(realpath "$build/../switchyard")

for i in $(seq 60); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$plain" prepare corpus.jsonl --output data >/dev/null 2>&1 || { echo "FAILED: prepare"; exit 1; }
train() {  # train PROGRAM DIRECTORY ARGUMENTS...
  local program=$1 directory=$2
  shift 2
  local storage=()
  [ ! -e "$directory.local" ] || storage=(--set "checkpoint.local_dir=$work/$directory.local/checkpoints"
    --set checkpoint.local_every=1 --set checkpoint.local_ranks_per_node=2)
  timeout 120 mpirun --oversubscribe --bind-to none -n 4 "$program" train "$lab_root/examples/tiny.toml" --set data.dataset=data \
    --set run.directory="$work/$directory" --set train.steps=6 --set train.checkpoint_every=2 --set checkpoint.keep=2 \
    --set run.threads=1 "${storage[@]}" "$@" >"$directory.out" 2>"$directory.err"
}
hash_of() { "$plain" checkpoint hash "$1" | cut -d' ' -f1; }

operations_of() {  # operations_of DIRECTORY: of one rank of a run that nothing happens to
  SWITCHYARD_RECORD=$work/recording-$1 train "$lab" "$1" || { cat "$1.err" >&2; return 1; }
  "$build/crash_lab_load_trees" --count "$work/recording-$1"
}
mkdir both.local
operations=("$(operations_of whole)" "$(operations_of both)")
expected=$(hash_of whole)
[ -n "$expected" ] && [ "$(hash_of both)" = "$expected" ] || { echo "FAILED: a run without faults"; exit 1; }
actions=(kill_before kill_after stop_before stop_after eio enospc short_write interrupt flipped_bit)
for i in $(seq "$cases"); do
  rank=$((RANDOM % 4)) at=$((1 + RANDOM % operations[i % 2])) action=${actions[RANDOM % 9]} lost=$((RANDOM % 4))
  [ "$i" -ge "$first" ] || continue
  fault=$rank:$at:$action
  rm -rf run run.out run.err run.local
  [ $((i % 2)) -eq 0 ] || mkdir run.local
  if [[ $action = stop* ]]; then
    SWITCHYARD_FAULT=$fault train "$lab" run &
    launcher=$!
    # Until a rank is stopped or the run is over; then everything is killed, as by an operator.
    for _ in $(seq 300); do
      kill -0 $launcher 2>/dev/null || break
      pids=$(pgrep -f "train .*run.directory=$work/run " || true)
      stopped=$(for pid in $pids; do awk '$3 == "T" {print $1}' "/proc/$pid/stat" 2>/dev/null; done)
      [ -z "$stopped" ] || { kill -9 $pids; break; }
      sleep 0.2
    done
    wait $launcher
  else
    SWITCHYARD_FAULT=$fault train "$lab" run
  fi
  rm -rf run.local/checkpoints/node-$lost  # there is no node 2 or 3
  # Some faults come after the last operation of a rank, and some are survived.
  train "$plain" run --resume || { complain "case $i, fault $fault: the run did not go on"; tail -3 run.err; continue; }
  [ "$(hash_of run)" = "$expected" ] || complain "case $i, fault $fault: other weights"
  "$plain" checkpoint verify run >/dev/null || complain "case $i, fault $fault: a checkpoint does not verify"
done
echo "killed trainers: cases $first to $cases of ${operations[0]} operations a rank, ${operations[1]} with local checkpoints"
exit $failed
