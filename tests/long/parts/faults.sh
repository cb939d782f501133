#!/bin/bash
# builds: train_rank_tests
# Flipped bits in weights, gradients and activations of one rank: 10,000 and 1,000 trials on 2 and on 4 ranks.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
tests=$root/build/release/tests/train_rank_tests
export OMP_WAIT_POLICY=passive
trials() {  # trials RANKS COUNT TEST
  SWITCHYARD_TRIALS=$2 mpi "$1" "$tests" --gtest_filter="Faults.$3"
}
for ranks in 2 4; do
  step "weights_$ranks" trials $ranks 10000 'EveryFlippedBit*'
  step "steps_$ranks" trials $ranks 1000 '*ComputedTwice*'
done
