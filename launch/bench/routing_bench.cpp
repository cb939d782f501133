#include "launch/bench/routing_bench.h"

#include <fmt/ranges.h>

#include "io/files/durable.h"
#include "io/text/byte_size.h"
#include "launch/assemble/assemble.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/layer_bench.h"
#include "launch/bench/recorded_routing.h"
#include "launch/bench/routing_prediction.h"
#include "launch/bench/routing_report.h"
#include "launch/host/counted.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "launch/host/version.h"
#include "launch/plan/size_check.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"

namespace switchyard::bench {
namespace {

using Json = nlohmann::ordered_json;

RoutingResult result_of_case(const RoutingCase& what, const RoutingSweep& sweep,
                             const std::optional<ClusterModel>& cluster, Comm& world,
                             Stream& stream) {
  if (cluster && world.size() == 1) return predict_routing(what, sweep, *cluster);
  RoutingResult result = what.mode == "layer"  ? measure_layer(what, sweep, world, stream)
                         : what.mode == "step" ? measure_step(what, sweep, world, stream)
                                               : measure_exchange(what, sweep, world, stream);
  if (cluster) result.predicted = predict_routing(what, sweep, *cluster).most;
  return result;
}

// Takes tokens and choices from a recorded run. Reads every record once, here, where all ranks
// learn of an error.
RoutingSweep with_recorded_sizes(RoutingSweep sweep, const Comm& world) {
  if (sweep.replay.empty()) return sweep;
  const RecordedRouting recorded(sweep.replay);
  for (const int experts : sweep.experts) {
    for (int i = 0; i < sweep.iterations; ++i)
      recorded.draw(world.rank(), world.size(), i, recorded.tokens(), experts);
  }
  sweep.tokens = {recorded.tokens()};
  sweep.top_k = {recorded.top_k()};
  return sweep;
}

ClusterModel model_for(const RoutingBenchOptions& options, int num_ranks) {
  const ClusterModel cluster = read_cluster_model(*options.model);
  require(options.sweep.replay.empty(), Exit::usage,
          "--model predicts workloads, not recorded routing: leave out --replay");
  require(num_ranks == 1 || num_ranks == cluster.num_ranks(), Exit::usage,
          "{} describes {} ranks, but {} are running: start as many to also measure, or one to "
          "only predict",
          options.model->string(), cluster.num_ranks(), num_ranks);
  return cluster;
}

// Prints with the table, or on stderr if stdout is for programs.
void name_assumed(const ClusterModel& cluster, const std::string& file, ReportForm form) {
  if (cluster.assumed.empty()) return;
  fmt::print(form == ReportForm::table ? stdout : stderr,
             "# assumed, because {} does not set them: {}\n", file,
             fmt::join(cluster.assumed, ", "));
}

// Checks the least that each case needs: the kernel would kill a process that takes too much.
void require_memory(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep, int num_ranks,
                    int here) {
  const std::int64_t available = plan::available_memory();
  for (const RoutingCase& what : cases) {
    const auto needed = static_cast<std::int64_t>(here * bytes_at_least(what, sweep, num_ranks));
    require(needed <= available, Exit::usage,
            "{} needs at least {} for the {} of this machine, which has {} left: choose fewer "
            "tokens or experts, or a smaller hidden size or top-k",
            what.name(), bytes_in_words(needed), counted(here, "rank"), bytes_in_words(available));
  }
}

void print_now(const std::string& text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

Json read_report(const std::filesystem::path& path) {
  constexpr std::int64_t largest = std::int64_t{1} << 28;
  Json old = Json::parse(durable::read_file(path, largest), nullptr, false);
  try {
    compare_routing(old, {});  // before anything is measured
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path.string(), error.what());
  }
  return old;
}

// On rank 0.
void report_end(const RoutingBenchOptions& options, const Json& old,
                const std::vector<RoutingResult>& results) {
  if (options.form == ReportForm::json)
    print_now(routing_json(results, version_text()).dump(1) + "\n");
  if (options.compare) {
    const std::string changes = compare_routing(old, results);
    if (options.form == ReportForm::table) {
      print_now("# compared with " + options.compare->string() + "\n" + changes);
    } else {
      fmt::print(stderr, "{}", changes);
    }
  }
}

}  // namespace

Exit bench_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks) {
  Config config;
  config.run.threads = 1;  // the default here
  agree(*ranks, [&] { apply_run_sets(config, options.sets); });
  const Device device = choose_device(config.run, *ranks);
  Stream stream = make_stream(config.run, device, *ranks);
  const std::unique_ptr<Comm> world = make_device_world(std::move(ranks), device).comm;
  RoutingSweep sweep;
  std::vector<RoutingCase> cases;
  Json old;
  std::optional<ClusterModel> cluster;
  const int here = world->split_node()->size();
  agree(*world, [&] {
    sweep = with_recorded_sizes(options.sweep, *world);
    cases = cases_of(sweep);
    if (options.model) cluster = model_for(options, world->size());
    const bool measures = !cluster || world->size() > 1;
    if (measures) require_memory(cases, sweep, world->size(), here);
  });
  on_root(*world, [&] {
    if (options.compare) old = read_report(*options.compare);
  });
  const bool root = world->rank() == 0;
  ProgressLine progress(stderr_is_terminal());
  if (root && cluster) name_assumed(*cluster, options.model->string(), options.form);
  if (root && options.form == ReportForm::table) print_now(routing_table_head());
  if (root && options.form == ReportForm::csv) print_now(routing_csv_head());
  std::vector<RoutingResult> results;
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (root && progress.due())
      progress.show(fmt::format("case {} of {}: {}", i + 1, cases.size(), cases[i].name()));
    results.push_back(result_of_case(cases[i], sweep, cluster, *world, stream));
    wrong += results.back().wrong;
    progress.erase();
    if (root && options.form == ReportForm::table) print_now(routing_table_line(results.back()));
    if (root && options.form == ReportForm::csv) print_now(routing_csv_line(results.back()));
  }
  on_root(*world, [&] { report_end(options, old, results); });
  if (wrong > 0) {
    throw Error(Exit::internal,
                fmt::format("{} rows arrived with wrong bits: do not use this exchange here, and "
                            "report the lines whose column `wrong` is not 0",
                            wrong))
        .as_agreed();
  }
  return Exit::done;
}

}  // namespace switchyard::bench
