#!/bin/bash
# layering_test.sh: tests/layering accepts this tree, and finds each thing it forbids in a tree that has it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

"$root/tests/layering" "$root" || failed=1

finds() {  # finds FILE LINE: the line in that file of an otherwise clean tree
  rm -rf "$tree"/*
  mkdir -p "$tree"/{runtime,experts,router,io,model,train,launch}
  echo '#include "runtime/error.h"' >"$tree/launch/fine.cpp"
  echo "$2" >"$tree/$1"
  if "$root/tests/layering" "$tree" >/dev/null; then
    echo "not found: $2 in $1"
    failed=1
  fi
}
finds runtime/a.h '#include "io/loader/loader.h"'
finds io/a.cpp '#include "router/plan/plan.h"'
finds model/a.cpp '#include "launch/config/config.h"'
finds router/a.cpp '#ifdef USE_CUDA'
finds io/a.cpp 'const hid_t file = H5Fopen(name, 0, 0);'
finds train/a.cpp 'MPI_Barrier(comm);'
finds train/a.cpp 'std::getenv("HOME")'
exit $failed
