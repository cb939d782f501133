#!/bin/bash
# Every file compiles alone, without unity builds, warnings as errors: tests/run checks a quarter of them.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
cd "$root" || exit 1
step separate bash -c 'cmake --preset separate && cmake --build --preset separate -- -k 0'
