#include "launch/bench/routing_bench.h"

#include <fmt/ranges.h>

#include <chrono>

#include "io/files/durable.h"
#include "launch/assemble/assemble.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/layer_bench.h"
#include "launch/bench/recorded_routing.h"
#include "launch/bench/routing_prediction.h"
#include "launch/bench/routing_report.h"
#include "launch/host/byte_size.h"
#include "launch/host/counted.h"
#include "launch/host/environment.h"
#include "launch/host/version.h"
#include "launch/plan/size_check.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"

namespace switchyard {
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

// The tokens and choices of a recorded run. What will be read is read once here, where all ranks
// hear of an error.
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
          "--model predicts made-up workloads, not --replay");
  require(num_ranks == 1 || num_ranks == cluster.num_ranks(), Exit::usage,
          "{} describes {} ranks, and {} are here: start as many to measure beside the prediction, "
          "or one to predict alone",
          options.model->string(), cluster.num_ranks(), num_ranks);
  return cluster;
}

// Beside the table, or on stderr beside what is for programs.
void name_assumed(const ClusterModel& cluster, const std::string& file, ReportForm form) {
  if (cluster.assumed.empty()) return;
  fmt::print(form == ReportForm::table ? stdout : stderr, "# assumed, as {} does not say: {}\n",
             file, fmt::join(cluster.assumed, ", "));
}

// Of what every case holds at least; the kernel would kill what takes more than there is.
void require_room(const std::vector<RoutingCase>& cases, const RoutingSweep& sweep, int num_ranks,
                  int here) {
  const auto available = static_cast<double>(available_memory());
  for (const RoutingCase& what : cases) {
    const double needed = here * bytes_at_least(what, sweep, num_ranks);
    require(needed <= available, Exit::usage,
            "{} needs {} or more for the {} of this machine, which has {} left: choose fewer "
            "tokens, a smaller hidden size, top-k or experts",
            what.name(), byte_size_text(needed), counted(here, "rank"), byte_size_text(available));
  }
}

// Where the run is: a line that redraws itself on a terminal, otherwise one every ten seconds.
class CaseProgress {
 public:
  CaseProgress(std::size_t total, bool speaks)
      : total_(total), speaks_(speaks), terminal_(stderr_is_terminal()) {}

  void start(std::size_t number, const RoutingCase& what) {
    const auto now = std::chrono::steady_clock::now();
    if (!speaks_ || (!terminal_ && now - last_ < std::chrono::seconds(10))) return;
    last_ = now;
    fmt::print(stderr, "{}case {} of {}: {}{}", terminal_ ? "\r\x1b[K" : "", number + 1, total_,
               what.name(), terminal_ ? "" : "\n");
    std::fflush(stderr);
  }
  void clear() const {
    if (speaks_ && terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  std::size_t total_;
  bool speaks_, terminal_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

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
  if (options.plot) durable::replace_file(*options.plot, routing_svg(results));
}

}  // namespace

Exit bench_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks) {
  Config config;
  config.run.threads = 1;  // unless it is set
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
    if (measures) require_room(cases, sweep, world->size(), here);
  });
  on_root(*world, [&] {
    if (options.compare) old = read_report(*options.compare);
  });
  const bool root = world->rank() == 0;
  CaseProgress progress(cases.size(), root);
  if (root && cluster) name_assumed(*cluster, options.model->string(), options.form);
  if (root && options.form == ReportForm::table) print_now(routing_table_head());
  if (root && options.form == ReportForm::csv) print_now(routing_csv_head());
  std::vector<RoutingResult> results;
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    progress.start(i, cases[i]);
    results.push_back(result_of_case(cases[i], sweep, cluster, *world, stream));
    wrong += results.back().wrong;
    progress.clear();
    if (root && options.form == ReportForm::table) print_now(routing_table_line(results.back()));
    if (root && options.form == ReportForm::csv) print_now(routing_csv_line(results.back()));
  }
  on_root(*world, [&] { report_end(options, old, results); });
  if (wrong > 0) {
    throw Error(Exit::internal,
                fmt::format("{} rows arrived with wrong bits: do not trust this exchange here, and "
                            "report the lines with a number under `wrong`",
                            wrong))
        .as_agreed();
  }
  return Exit::done;
}

}  // namespace switchyard
