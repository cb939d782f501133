// `switchyard bench routing` measures what routing tokens costs on these ranks.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "launch/bench/figures/routing_case.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard::bench {

enum class ReportForm : std::uint8_t { table, csv, json };

struct RoutingBenchOptions {
  RoutingSweep sweep;
  std::vector<std::string> sets;  // of [run], as "run.device=cuda"
  ReportForm form = ReportForm::table;
  std::vector<std::string> columns;  // of the table; empty: those that fit
  std::optional<std::filesystem::path>
      model;  // a cluster to predict for; on as many ranks as it has, measure too
  std::optional<std::filesystem::path> compare;  // an older report in JSON
  bool tune = false;                             // tune_routing() instead
  std::filesystem::path output;                  // of the tuning: the cluster as TOML
  double tune_seconds = 120.0;
};

// Collective. Results on stdout, progress and comparisons of machine-readable forms on stderr.
// Errors: agreed; Exit::internal if an exchange moved a wrong row, after all results.
Exit bench_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks);

}  // namespace switchyard::bench
