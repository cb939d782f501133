#!/bin/bash
# full_disk.sh SWITCHYARD: a full disk ends prepare and train with exit code 4 and one message, and leaves nothing half
# written that reads as a dataset or a checkpoint.
set -uo pipefail
if [ "${2:-}" != mounted ]; then
  exec unshare --map-root-user --mount "$0" "$1" mounted
fi
source "$(dirname "${BASH_SOURCE[0]}")/../program.sh"
trap 'umount "$work/small"; rm -rf "$work"' EXIT
mkdir small
mount -t tmpfs -o size=1m none small || exit 1

# expect TEXT COMMAND...
expect() {
  local text=$1
  shift
  timeout 60 "$@" >out 2>err
  local got=$?
  if [ $got != 4 ] || [ "$(grep -c '^switchyard: ' err)" != 1 ] || ! grep -q "$text" err; then
    echo "FAILED: $* gave $got, expected 4 and one message with '$text'"
    sed 's/^/  | /' err | head
    failed=1
  fi
}

make_corpus corpus.jsonl 4000
head -c 700000 /dev/zero >small/ballast
expect "No space left" "$switchyard" prepare corpus.jsonl --output small/data
[ ! -e small/data/tokens/manifest.json ] || { echo "FAILED: a dataset that did not fit has a manifest"; failed=1; }
rm -rf small/*

prepare corpus.jsonl --output data
expect "No space left" mpirun --oversubscribe --bind-to none -n 2 "$switchyard" train "$root/examples/tiny.toml" \
  --set data.dataset=data --set run.directory=small/run
! ls small/run/checkpoints/*/manifest.json 2>/dev/null || { echo "FAILED: a checkpoint that did not fit exists"; failed=1; }
exit $failed
