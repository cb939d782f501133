#!/bin/bash
# sample.sh BUILD-FOLDER: what CI runs of the crash lab, drawn with a seed from the commit; tests/long/parts has all of it.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

trees 3000 || complain "a power loss"
"$build/crash_lab_damage" "$work/run" "$work/spoilt" "$seed" 400 || complain "damage"
errors 150 || complain "failing calls"
mutants 500 300
"$lab_root/tests/crash_lab/kill_trainer.sh" "$build" "$seed" 6 || complain "killed trainers"
"$lab_root/tests/crash_lab/full_disk.sh" "$build" 6 || complain "a full disk"
exit $failed
