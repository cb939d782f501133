#!/bin/bash
# lost_vote.sh BUILD-FOLDER SWITCHYARD: a rank of the real trainer stops, or dies, at the end of its part and before the
# vote: the others find that out and leave, nothing was committed, and the next start goes on to the same weights.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh" "$1"
plain=$2
lab=$build/switchyard_crashlab

for i in $(seq 60); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$plain" prepare corpus.jsonl --output data >/dev/null 2>&1 || { echo "FAILED: prepare"; exit 1; }
train() {  # train PROGRAM DIRECTORY STEPS
  timeout 60 mpirun --oversubscribe --bind-to none -n 2 "$1" train "$lab_root/examples/tiny.toml" --set data.dataset=data --resume \
    --set run.directory="$work/$2" --set train.steps="$3" --set train.warmup_steps=1 --set train.checkpoint_every=2 --set run.threads=1 \
    --set watchdog.peer_timeout=3 >"$2.out" 2>"$2.err"
}
hash_of() { "$plain" checkpoint hash "$1" | cut -d' ' -f1; }

SWITCHYARD_RECORD=$work/recording train "$lab" whole 2 || { cat whole.err; exit 1; }
mkdir one && cp recording/rank-1.log one/
# What rank 1 does to its own file, and one more. Either rank may be the one that makes the folder and syncs its parent, so the
# fault comes after one of the last: the last writes, the fsync of the file, that of the folder.
last=$(($(strings -n 8 one/rank-1.log | grep -c 'step-00000002-a0001/rank-00001.h5$') + 1))
train "$plain" whole 4 || { cat whole.err; exit 1; }

for action in stop_after kill_after; do
  rm -rf run
  begin=$SECONDS
  SWITCHYARD_FAULT=1:$last:$action train "$lab" run 4
  code=$?
  [ $code != 0 ] && [ $code != 124 ] || complain "$action: exit code $code"
  [ $((SECONDS - begin)) -lt 30 ] || complain "$action: the others left after $((SECONDS - begin)) s"
  ls run/checkpoints/step-00000002-a0001/rank-00001.h5 >/dev/null || complain "$action: rank 1 did not get as far as its part"
  ! ls run/checkpoints/*/manifest.json 2>/dev/null || complain "$action: committed without a vote"
  train "$plain" run 4 || { complain "$action: the run did not go on"; tail -3 run.err; }
  [ "$(hash_of run)" = "$(hash_of whole)" ] || complain "$action: other weights"
done
exit $failed
