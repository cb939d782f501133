#!/bin/bash
# layering_test.sh: tests/layering accepts this tree, and finds each thing it forbids in a tree that has it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failed=0

"$root/tests/layering" "$root" || failed=1

finds() {  # finds FILE LINE [FILE LINE]: the line in that file of an otherwise clean tree
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{runtime,experts,router,io,model,train,launch}
  mkdir -p "$tree"/{runtime/{device,comm},router/{gate,plan},io/{files,folder},launch/{host,commands}}
  echo '#include "runtime/error.h"' >"$tree/launch/host/fine.cpp"
  echo '#include "runtime/device/stream.h"' >"$tree/io/folder/fine.cpp"
  printf 'namespace switchyard {\nstruct Fine {\n};\nnamespace {\nstruct Own {\n};\n}  // namespace\n}  // namespace switchyard\n' |
    tee "$tree/io/folder/own.cpp" | sed 's/Fine/Other/' >"$tree/router/gate/own.cpp"
  "$root/tests/layering" "$tree" || { echo "a tree without a fault is refused"; failed=1; }
  local planted=$*
  while [ $# -gt 0 ]; do
    mkdir -p "$(dirname "$tree/$1")"
    printf '%b\n' "$2" >"$tree/$1"
    shift 2
  done
  if "$root/tests/layering" "$tree" >/dev/null; then
    echo "not found: $planted"
    failed=1
  fi
}
# Arrows between rooms, from a folder of one to a folder of another.
finds runtime/a.h '#include "io/loader/loader.h"'
finds io/files/a.cpp '#include "router/plan/plan.h"'
finds model/a.cpp '#include "launch/config/config.h"'
# Arrows within a room.
finds runtime/device/a.h '#include "runtime/comm/comm.h"'
finds router/gate/a.h '#include "router/plan/plan.h"'
finds io/files/a.cpp '#include "io/folder/manifest.h"'
finds io/prepare/work/a.h '  #  include "io/prepare/prepare.h"'
finds launch/host/a.cpp '#include "launch/commands/command.h"'
finds launch/a.cpp '#include "launch/host/version.h"'
finds io/new/a.h 'struct A {'
# Two types of one name.
finds router/gate/a.h 'namespace switchyard {\nstruct Range {\n};\n}  // namespace switchyard' \
  io/files/b.cpp 'namespace switchyard {\nclass Range final : public Other {\n};\n}  // namespace switchyard'
# Branches and doors.
finds router/a.cpp '#ifdef USE_CUDA'
finds io/folder/a.cpp 'const hid_t file = H5Fopen(name, 0, 0);'
finds train/a.cpp 'MPI_Barrier(comm);'
finds train/a.cpp 'std::getenv("HOME")'
# A table in which a circle is written down.
rm -rf "${tree:?}"/*
cp -r "$root"/{runtime,experts,router,io,model,train,launch} "$tree"
mkdir "$tree/tests"
sed 's|^runtime/device .*|runtime/device runtime/comm runtime|' "$root/tests/layering" >"$tree/tests/layering"
if bash "$tree/tests/layering" "$tree" >/dev/null; then
  echo "not found: a circle in the table"
  failed=1
fi
exit $failed
