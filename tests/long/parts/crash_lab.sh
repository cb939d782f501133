#!/bin/bash
# crash_lab.sh [BUILD-FOLDER]: all of the crash lab that one process or one mpirun does: power losses, damage, failing calls, a
# full disk, mutants. About 10 minutes on two idle cores.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
tests=$(realpath "${1:-$root/build/release}")/tests
source "$root/tests/crash_lab/lab.sh" "$tests"

trees 60000 || complain "a power loss"
"$build/crash_lab_damage" "$work/run" "$work/spoilt" "$seed" 12000 || complain "damage"
errors 3000 || complain "failing calls"
mutants 3000 200
"$lab_root/tests/crash_lab/full_disk.sh" "$build" 20 || complain "a full disk"
exit $failed
