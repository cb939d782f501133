#!/bin/bash
# builds: switchyard
# 10,000 steps of a tiny model on two ranks: neither the memory of a rank nor the time of a step grows.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
source "$root/tests/program.sh" "$switchyard"
make_corpus corpus.jsonl 300
prepare corpus.jsonl --output data

# Every 10 s: the resident bytes of the rank that holds most.
watch_memory() {
  local largest pid kilobytes
  while sleep 10; do
    largest=0
    for pid in $(pgrep -f "train .*run.directory=$work/run "); do
      kilobytes=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null || echo 0)
      [ "${kilobytes:-0}" -le $largest ] || largest=$kilobytes
    done
    [ $largest = 0 ] || echo $largest >>memory
  done
}

watch_memory &
watcher=$!
trap 'kill $watcher 2>/dev/null; rm -rf "$work"' EXIT
mpi 2 "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$work/run" --set run.threads=1 \
  --set train.steps=10000 --set train.global_batch_size=4 --set train.checkpoint_every=1000 --set train.evaluate_every=1000 \
  >out 2>err || { tail -5 err; exit 1; }

# Of the samples after the first tenth: the median of the last third over that of the first.
growth() {  # growth < numbers
  awk '{ all[NR] = $1 } END {
    first = int(NR / 10) + 1; third = int((NR - first + 1) / 3)
    print median(NR - third + 1, NR) / median(first, first + third - 1) }
    function median(from, to,   i, j, n, x, sorted) {
      n = 0; for (i = from; i <= to; ++i) { x = all[i]; for (j = n; j > 0 && sorted[j] > x; --j) sorted[j + 1] = sorted[j]; sorted[j + 1] = x; ++n }
      return sorted[int((n + 1) / 2)] }'
}
memory=$(growth <memory)
# Every tenth step: their median does not hear of what else the machine does for a moment.
seconds=$(grep tokens_per_second "$work/run/metrics.jsonl" | awk 'NR % 10 == 0' | sed -E 's/.*"tokens":([0-9]+),"tokens_per_second":([0-9.e+]+).*/\1 \2/' | awk '{ print $1 / $2 }' | growth)
echo "memory of the last third over the first: $memory; seconds of a step: $seconds"
cp memory "$state/memory.samples"
awk -v memory="$memory" -v seconds="$seconds" 'BEGIN { exit !(memory < 1.01 && seconds < 1.25) }'
