#!/bin/bash
# builds: switchyard
# Signals without Slurm, at random moments, to a run that saves all the time: one, two of which the second means now, and one
# followed by a kill sooner than a save takes. Each time the run goes on from what stands, to the weights of one left alone.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
mkdir -p "$state/work" && cd "$state/work" || exit 1
for i in $(seq 80); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data >/dev/null 2>prepare.log || { cat prepare.log; exit 1; }

train() {  # train DIRECTORY ARGUMENTS...
  local name=$1
  shift
  mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$PWD/$name" \
    --set train.steps=60 --set train.checkpoint_every=1 --set run.threads=1 --resume "$@" >/dev/null 2>"$name.err"
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
ranks() { pgrep -f "^$switchyard train .*run.directory=$PWD/run " | sort -n; }
step whole train whole

one() {  # one NUMBER ASYNC
  rm -rf run
  RANDOM=$1
  train run --set checkpoint.async="$2" &
  local job=$! code
  until [ -s run/metrics.jsonl ]; do sleep 0.05; done
  sleep "$(awk -v r=$RANDOM 'BEGIN { print r / 32768 }')"
  local victim
  victim=$(ranks | tail -1)
  case $(($1 % 3)) in
    0) kill -USR1 "$victim" ;;
    1) kill -TERM "$victim"; kill -INT "$victim" ;;
    2) kill -USR1 "$victim"; sleep 0.03; kill -9 $(ranks) ;;
  esac 2>/dev/null
  wait $job
  code=$?
  [ $(($1 % 3)) != 0 ] || grep -q '"status": "\(preempted\|done\)"' run/state.json || { echo "code $code, not saved"; return 1; }
  train run || { tail -3 run.err; return 1; }
  [ "$(hash_of run)" = "$(hash_of whole)" ] || { echo "other weights"; return 1; }
}
for number in $(seq 30); do step "signal-$number" one "$number" "$([ $((number % 2)) = 0 ] && echo true || echo false)"; done
