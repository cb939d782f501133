#!/bin/bash
# builds: switchyard
# Every scenario of the Slurm cluster on this machine.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
for scenario in "$root"/tests/cluster/scenarios/*.sh; do
  name=$(basename "$scenario" .sh)
  step "$name" "$root/tests/cluster/run" "$switchyard" "$name"
done
