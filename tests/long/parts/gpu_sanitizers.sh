#!/bin/bash
# builds:
# The kernels on the emulated GPU under AddressSanitizer and UBSan, training steps of one, two and four ranks among them. About 15
# minutes on two idle cores.
source "$(dirname "${BASH_SOURCE[0]}")/../steps.sh"
export ASAN_OPTIONS=detect_leaks=0
build() {
  cd "$root" && cmake --preset dev >"$state/configure.log" &&
    cmake --build --preset dev --target cuda_host_tests cuda_host_rank_tests >"$state/build.log"
}
step build build
step kernels "$root/build/dev/tests/cuda_host_tests"
step ranks1 mpi 1 "$root/build/dev/tests/cuda_host_rank_tests" --gtest_filter=-Failures.*  # those are of peers
for ranks in 2 4; do
  step ranks$ranks mpi $ranks "$root/build/dev/tests/cuda_host_rank_tests"
done
