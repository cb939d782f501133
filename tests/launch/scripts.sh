#!/bin/bash
# scripts.sh [TREE]: every shell script of the tree parses, and not only as far as a run of it happens to read.
set -uo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 2

failed=0 count=0
while IFS= read -r -d '' file; do
  IFS= read -r first <"$file" || continue
  [[ $first =~ ^#!.*sh$ ]] || continue
  count=$((count + 1))
  bash -n "$file" || failed=1
done < <(find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0)
echo "$count scripts"
[ $count -gt 40 ] && [ $failed = 0 ]
