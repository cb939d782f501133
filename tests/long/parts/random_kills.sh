#!/bin/bash
# random_kills.sh [BUILD-FOLDER [KILLS]]: a run on 4 ranks, killed at random times (a rank, the launcher, or all of it) and
# started again, must end with the weights of the run that was never killed. 200 kills, as many runs as that takes; about 20
# minutes on two idle cores. What is done stands in BUILD-FOLDER/long/random_kills.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
folder=$(realpath "${1:-$root/build/release}")
kills=${2:-200}
source "$root/tests/program.sh" "$folder/switchyard"
mkdir -p "$folder/long"
state=$folder/long/random_kills
done=$(cat "$state" 2>/dev/null || echo 0)
[ "$done" -lt "$kills" ] || done=0
RANDOM=$((16#$(git -C "$root" rev-parse --short=4 HEAD) + done))

make_corpus corpus.jsonl 100
prepare corpus.jsonl --output data
train() {  # train DIRECTORY ARGUMENTS...
  mpi 4 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$work/$1" \
    --set train.steps=120 --set train.checkpoint_every=3 --set run.threads=1 --resume "${@:2}" >"$1.out" 2>"$1.err"
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }
train whole || { cat whole.err; exit 1; }
expected=$(hash_of whole)

while [ "$done" -lt "$kills" ]; do
  train run &
  launcher=$!
  sleep $((RANDOM % 4)).$((RANDOM % 10))
  mapfile -t ranks < <(pgrep -f "train .*run.directory=$work/run " | grep -v "^$launcher$")
  if kill -0 $launcher 2>/dev/null && [ ${#ranks[@]} -gt 0 ]; then
    case $((RANDOM % 3)) in
      0) kill -9 "${ranks[RANDOM % ${#ranks[@]}]}" 2>/dev/null ;;
      1) kill -9 "${ranks[0]}" 2>/dev/null ;;
      *) kill -9 "${ranks[@]}" 2>/dev/null ;;
    esac
    done=$((done + 1))
  fi
  if wait $launcher; then
    [ "$(hash_of run)" = "$expected" ] || { echo "FAILED: other weights after $done kills"; exit 1; }
    rm -rf run
    echo "$done" >"$state"
  fi
done 2>/dev/null
train run || { echo "FAILED: the run did not go on after the last kill"; tail -3 run.err; exit 1; }
[ "$(hash_of run)" = "$expected" ] || { echo "FAILED: other weights after $done kills"; exit 1; }
echo "$kills random kills: bit-equal to the run that was never killed"
rm -f "$state"
