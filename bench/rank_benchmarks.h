// Google Benchmark under mpirun: all ranks run, one reports.
#pragma once

#include <benchmark/benchmark.h>

#include <vector>

namespace switchyard {

// Collective. Runs what is registered; only the rank that is `root` reports.
inline void run_benchmarks(bool root) {
  struct Silent : benchmark::BenchmarkReporter {
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>&) override {}
  } silent;
  benchmark::RunSpecifiedBenchmarks(root ? nullptr : &silent);
}

}  // namespace switchyard
