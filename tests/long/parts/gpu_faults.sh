#!/bin/bash
# builds: cuda_host_tests cuda_host_rank_tests
# Every fault planted in the kernels is seen on the emulated GPU. About 5 minutes on two idle cores.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
step faults "$root/tests/cuda_host/mutants.sh" "$root/build/release"
