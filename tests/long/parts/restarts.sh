#!/bin/bash
# builds: switchyard
# A run killed once it has saved each of its steps 1 to 30, ten kills to a run: the bits of the run that nothing happened to.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
for first in 1 2 3; do
  step "steps_from_$first" "$root/tests/launch/restarts.sh" "$switchyard" $(seq $first 3 30)
done
