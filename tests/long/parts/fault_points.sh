#!/bin/bash
# fault_points.sh [BUILD-FOLDER]: 250 faults at drawn file operations of the real trainer on 4 ranks, 10 at a time; what is
# done stands in BUILD-FOLDER/long/fault_points, so that it can be stopped and started again. About 20 minutes on two idle cores.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
folder=$(realpath "${1:-$root/build/release}")
seed=${SWITCHYARD_LAB_SEED:-$((16#$(git -C "$root" rev-parse --short=8 HEAD)))}
mkdir -p "$folder/long"
state=$folder/long/fault_points
[ "$(cut -d' ' -f1 "$state" 2>/dev/null)" = "$seed" ] || echo "$seed 0" >"$state"
while done=$(cut -d' ' -f2 "$state") && [ "$done" -lt 250 ]; do
  "$root/tests/crash_lab/kill_trainer.sh" "$folder/tests" "$seed" $((done + 10)) $((done + 1)) || exit 1
  echo "$seed $((done + 10))" >"$state"
done
echo "250 faults survived, seed $seed"
