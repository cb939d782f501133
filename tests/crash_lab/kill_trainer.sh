#!/bin/bash
# kill_trainer.sh BUILD-FOLDER SEED CASES [FIRST]: the real trainer on 4 ranks, killed, stopped or failed at one file operation of
# one rank, then started again: it must end with the weights of the run that nothing happened to. Cases FIRST (default 1) to
# CASES are drawn with the seed.
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
  timeout 120 mpirun --oversubscribe --bind-to none -n 4 "$program" train "$lab_root/examples/tiny.toml" --set data.dataset=data \
    --set run.directory="$work/$directory" --set train.steps=6 --set train.checkpoint_every=2 --set checkpoint.keep=2 \
    --set run.threads=1 "$@" >"$directory.out" 2>"$directory.err"
}
hash_of() { "$plain" checkpoint hash "$1" | cut -d' ' -f1; }

SWITCHYARD_RECORD=$work/recording train "$lab" whole || { cat whole.err; exit 1; }
expected=$(hash_of whole)
[ -n "$expected" ] || exit 1
operations=$("$build/crash_lab_load_trees" --count "$work/recording")
actions=(kill_before kill_after stop_before stop_after eio enospc short_write interrupt)
for i in $(seq "$cases"); do
  rank=$((RANDOM % 4)) at=$((1 + RANDOM % operations)) action=${actions[RANDOM % 8]}
  [ "$i" -ge "$first" ] || continue
  fault=$rank:$at:$action
  rm -rf run run.out run.err
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
  # Some faults come after the last operation of a rank, and some are survived.
  train "$plain" run --resume || { complain "case $i, fault $fault: the run did not go on"; tail -3 run.err; continue; }
  [ "$(hash_of run)" = "$expected" ] || complain "case $i, fault $fault: other weights"
  "$plain" checkpoint verify run >/dev/null || complain "case $i, fault $fault: a checkpoint does not verify"
done
echo "killed trainers: cases $first to $cases of $operations operations a rank"
exit $failed
