#!/bin/bash
# builds: switchyard
# goodput.sh STATE-FOLDER [MINUTES]: goodput under `switchyard launch`: eight minutes of ranks killed at random, a minute apart on
# average. What the program says of itself must be within 5 points of 1 - (lost work + detection + restart) / (time between kills),
# taken from the times of steps alone. Spikes pass: the few documents are learned by heart, and their loss jumps at times.
# docs/submit-to-slurm.md has what was measured.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
mkdir -p "$state/work" && cd "$state/work" || exit 1
for i in $(seq 80); do echo "{\"text\": \"Page $i. The square of $i is $((i * i)), its cube $((i * i * i)).\"}"; done >corpus.jsonl
"$switchyard" prepare corpus.jsonl --output data >/dev/null 2>prepare.log || { cat prepare.log; exit 1; }
minutes=${2:-8}

rm -rf run kills
"$switchyard" launch "$root/examples/tiny.toml" --failures 20 --set data.dataset=data --set run.directory="$PWD/run" \
  --set train.steps=1000000 --set train.checkpoint_every=20 --set run.threads=1 --set guard.spike_sigma=0 -- \
  mpirun --oversubscribe --bind-to none -n 2 >out 2>err &
supervisor=$!
trap 'kill -INT $supervisor 2>/dev/null' EXIT
until [ -s run/metrics.jsonl ]; do sleep 0.1; done
RANDOM=${SWITCHYARD_LAB_SEED:-1}
end=$((SECONDS + 60 * minutes))
while :; do  # exponential gaps
  gap=$(awk -v r=$RANDOM 'BEGIN { print -60 * log((r + 1) / 32769) }')
  [ "$(awk -v g="$gap" -v left=$((end - SECONDS)) 'BEGIN { print g < left }')" = 1 ] || break
  sleep "$gap"
  mapfile -t ranks < <(pgrep -f "^$switchyard train .*run.directory=$PWD/run ")
  [ ${#ranks[@]} -gt 0 ] || continue
  kill -9 "${ranks[RANDOM % ${#ranks[@]}]}" && date +%s.%N >>kills
done
sleep $((end > SECONDS ? end - SECONDS : 0))
kill -INT $supervisor
wait $supervisor

# Attempts as (first step, time it began, last step, time it ended): what a failure cost is the time from the end of the last step
# that counts to the beginning of the step that follows it.
grep '"loss"' run/metrics.jsonl | sed -E 's/.*"attempt":([0-9]+),"step":([0-9]+),.*"time":([0-9.]+),"seconds":([0-9.e-]+),.*"goodput":([0-9.e-]+),.*/\1 \2 \3 \4 \5/' |
  awk -v started="$(date -d "$(sed -n 's/.*"started": "\(.*\)".*/\1/p' run/attempts/0001.json)" +%s)" -v kills="$(wc -l <kills)" '
    BEGIN { at[0] = started }
    $1 != attempt { lost += $3 - $4 - at[$2 - 1]; attempt = $1 }
    { at[$2] = $3; goodput = $5; end = $3 }
    END {
      expected = 1 - lost / (end - started)
      printf "%d kills in %.0f s: goodput %.3f, expected from kills and steps %.3f\n", kills, end - started, goodput, expected
      difference = goodput - expected
      exit !(kills > 0 && difference < 0.05 && difference > -0.05)
    }' || { echo "FAILED: goodput is not what the times say"; exit 1; }
