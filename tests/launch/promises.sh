#!/bin/bash
# promises.sh: every test and file that docs/promises.md names is there.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0
for name in $(grep -oE '`[A-Za-z0-9_./]+`' docs/promises.md | tr -d '`' | sort -u); do
  case $name in
    /* | */NAME) found=1 ;;  # no test
    tests/*) found=$(ls -d "$name" 2>/dev/null) ;;
    *.*) found=$(grep -rlE "^TEST(_F)?\\(${name%.*}, ${name#*.}\\)" tests --include='*.cpp') ;;
    cluster/*) found=$(ls "tests/cluster/scenarios/${name#*/}.sh" 2>/dev/null) ;;
    long/*) found=$(ls "tests/long/parts/${name#*/}.sh" 2>/dev/null) ;;
    */*) found=$(ls "tests/$name.sh" "tests/${name}_test.cpp" 2>/dev/null) ;;
    *) found=1 ;;  # no test
  esac
  [ -n "$found" ] || { echo "FAILED: docs/promises.md names $name, which is not there"; failed=1; }
done
exit $failed
