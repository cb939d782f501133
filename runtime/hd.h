// The project's only conditionals: functions that run on host and device, and functions compiled
// once per instruction set, of which the fastest is chosen when the program starts. The arithmetic
// is the same in every version (-ffp-contract=off).
#pragma once

#if defined(__CUDACC__)
#define SWITCHYARD_HD __host__ __device__
#else
#define SWITCHYARD_HD
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__) && \
    !defined(__SANITIZE_ADDRESS__)
#define SWITCHYARD_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SWITCHYARD_MULTIVERSION
#endif
