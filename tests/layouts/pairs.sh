#!/bin/bash
# pairs.sh SWITCHYARD [PAIRS]: a checkpoint saved on one layout and loaded on another holds the same tensors, moments included,
# and training goes on with the same bits. 36 pairs of layouts, uneven ones included, or so many drawn by the commit.
set -uo pipefail
num_pairs=${2:-36}
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh" "$1"
make_corpus corpus.jsonl 80
prepare corpus.jsonl --output data
layouts=("1 auto 2" "2 auto 1" "3 1 1" "4 2 1" "5 auto 1" "8 4 1")

train() {  # train DIRECTORY STOP RANKS DEGREE THREADS
  mpi "$3" "$switchyard" train "$root/examples/tiny.toml" --set data.dataset=data --set run.directory="$1" --resume \
    --stop-before "$2" --set parallel.experts="$4" --set run.threads="$5" --set parallel.elastic=true >out 2>err
  [ $? = 75 ] || { echo "FAILED: on $3 ranks, degree $4"; tail -3 err; failed=1; }
}
hash_of() { "$switchyard" checkpoint hash "$1" | cut -d' ' -f1; }

RANDOM=$((16#$(git -C "$root" rev-parse --short=4 HEAD 2>/dev/null || echo 1)))
mapfile -t pairs < <(for a in 0 1 2 3 4 5; do for b in 0 1 2 3 4 5; do echo "$RANDOM $a $b"; done; done | sort -n | head -n "$num_pairs" | cut -d' ' -f2,3)
for pair in "${pairs[@]}"; do
  read -r a b <<<"$pair"
  # shellcheck disable=SC2086
  [ -d "from-$a" ] || train "from-$a" 3 ${layouts[a]}
  rm -rf to
  cp -r "from-$a" to
  # shellcheck disable=SC2086
  train to 5 ${layouts[b]}
  echo "$(hash_of "from-$a") $(hash_of to) ${layouts[a]} -> ${layouts[b]}" >>hashes
done
if [ "$(cut -d' ' -f1,2 hashes | sort -u | wc -l)" != 1 ]; then
  echo "FAILED: layouts differ (hash when saved, hash two steps after loading)"
  cat hashes
  failed=1
fi
echo "${#pairs[@]} pairs of layouts"
exit $failed
