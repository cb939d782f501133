#include "launch/bench/routing_bench.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>

#include "io/files/durable.h"
#include "launch/assemble/assemble.h"
#include "launch/bench/exchange_bench.h"
#include "launch/bench/figures/routing_compare.h"
#include "launch/bench/figures/routing_table.h"
#include "launch/bench/layer_bench.h"
#include "launch/bench/memory_need.h"
#include "launch/bench/predict/routing_prediction.h"
#include "launch/bench/recorded/recorded_routing.h"
#include "launch/bench/step_bench.h"
#include "launch/host/counted.h"
#include "launch/host/host_name.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "launch/host/version.h"
#include "launch/machine/machine.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"

namespace switchyard::bench {
namespace {

using Json = nlohmann::ordered_json;

// Takes tokens and choices from a recording, so that all workloads have the same. Reads what it
// will need once, here, where all ranks learn of an error.
RoutingSweep with_recorded_sizes(RoutingSweep sweep, const Comm& world) {
  if (sweep.replay.empty()) return sweep;
  const std::unique_ptr<const RecordedRouting> recorded = open_recorded(sweep.replay);
  if (recorded->tokens() > 0) sweep.tokens = {recorded->tokens()};
  sweep.top_k = {recorded->top_k()};
  for (const int experts : sweep.experts) {
    for (const std::int64_t tokens : sweep.tokens)
      for (std::int64_t i = 0; i < std::int64_t{sweep.iterations} * sweep.repeats; ++i)
        recorded->draw(world.rank(), world.size(), i, tokens, experts);
  }
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

// Prints a line that explains the results: with the table, or on stderr if stdout is for programs.
void print_note(const std::string& note, ReportForm form) {
  fmt::print(form == ReportForm::table ? stdout : stderr, "# {}\n", note);
}

// Ranks without experts make a benchmark of fewer ranks than it seems.
void name_idle_ranks(const std::vector<RoutingCase>& cases, int group, ReportForm form) {
  std::set<int> named;
  for (const RoutingCase& what : cases) {
    if (what.mode == "step" || what.experts >= group || !named.insert(what.experts).second)
      continue;
    print_note(fmt::format("{} on {}: {} have none; --expert-group sets the ranks that share the "
                           "experts",
                           counted(what.experts, "expert"), counted(group, "rank"),
                           counted(group - what.experts, "rank")),
               form);
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
    compare_routing(old, {}, {}, {});  // before anything is measured
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path.string(), error.what());
  }
  return old;
}

// The program's command line, its words separated by spaces.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline");
  std::string words{std::istreambuf_iterator<char>(file), {}};
  std::replace(words.begin(), words.end(), '\0', ' ');
  if (words.ends_with(' ')) words.pop_back();
  return words;
}

class RoutingBench {
 public:
  RoutingBench(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks)
      : options_(options),
        config_(config_of(*ranks)),
        device_(choose_device(config_.run, *ranks)),
        stream_(make_stream(config_, device_, *ranks)),
        world_(make_device_world(std::move(ranks), device_).comm) {
    agree(*world_, [&] {
      sweep_ = with_recorded_sizes(options_.sweep, *world_);
      cases_ = cases_of(sweep_);
      if (options_.model) cluster_ = model_for(options_, world_->size());
      if (cluster_) check_prediction(cases_, sweep_, *cluster_);
      if (!cluster_ || world_->size() > 1) check_groups(sweep_, world_->size());
    });
    if (!cluster_ || world_->size() > 1) {
      ranks_.emplace(make_bench_ranks(*world_, sweep_));
      if (device_.kind == Device::Kind::cpu) require_memory(cases_, sweep_, *ranks_);
    }
    if (!ranks_) sweep_.iterations = sweep_.repeats = 1;  // a prediction is the same every time
    settings_ = {.measured = ranks_.has_value(),
                 .device = device_.kind == Device::Kind::cpu ? "cpu" : "cuda",
                 .threads = config_.run.threads,
                 .command = command_line(),
                 .program = version_text(),
                 .host = host_name(),
                 .date = utc_now()};
    on_root(*world_, [&] {
      if (options_.compare) old_ = read_report(*options_.compare);
      table_.emplace(cases_, sweep_,
                     RoutingTable::About{.ranks = cluster_ ? cluster_->num_ranks() : world_->size(),
                                         .nodes = ranks_ ? ranks_->num_nodes : cluster_->nodes,
                                         .measured = ranks_.has_value(),
                                         .model = cluster_ && ranks_,
                                         .peak = sweep_.peak_node > 0 || sweep_.peak_link > 0},
                     options_.columns);
    });
  }

  Exit run() {
    if (is_root()) print_head();
    for (int repeat = 0; repeat < sweep_.repeats; ++repeat) {
      for (std::size_t i = 0; i < cases_.size(); ++i) {
        show_progress(repeat, i);
        RoutingResult result = result_of_case(cases_[i], repeat);
        progress_.erase();
        if (repeat == 0) {
          results_.push_back(std::move(result));
        } else {
          results_[i].add(std::move(result));
        }
        if (repeat + 1 < sweep_.repeats) continue;
        set_loss(results_[i]);
        if (is_root()) print_line(results_[i]);
      }
    }
    on_root(*world_, [&] { report_end(); });
    require_no_wrong_row();
    return Exit::done;
  }

 private:
  Config config_of(Comm& ranks) const {
    Config config;
    config.run.threads = 1;  // the default here
    agree(ranks, [&] { apply_run_sets(config, options_.sets); });
    return config;
  }

  bool is_root() const { return world_->rank() == 0; }

  RoutingResult result_of_case(const RoutingCase& what, int repeat) {
    RoutingResult result;
    if (!ranks_) {
      result = predict_routing(what, sweep_, *cluster_);
    } else {
      result = what.mode == "layer"  ? measure_layer(what, sweep_, repeat, *ranks_, stream_)
               : what.mode == "step" ? measure_step(what, sweep_, repeat, *ranks_, stream_)
                                     : measure_exchange(what, sweep_, repeat, *ranks_, stream_);
      if (cluster_) result.predicted = predict_routing(what, sweep_, *cluster_).p(0.5);
    }
    result.peak_node = sweep_.peak_node;
    result.peak_link = sweep_.peak_link;
    const int on_node =
        ranks_ ? static_cast<int>(ranks_->topology.ranks[0].size()) : cluster_->ranks_per_node;
    const std::vector<double> bytes =
        bytes_of_ranks(what, sweep_, result.group, result.group, on_node);
    result.memory_bytes = *std::max_element(bytes.begin(), bytes.end());
    return result;
  }

  // Cases come after their balanced twins.
  void set_loss(RoutingResult& result) const {
    const std::ptrdiff_t twin = balanced_twin(cases_, result.what);
    if (twin < 0 || result.what.workload == "balanced") return;
    const double balanced = results_[static_cast<std::size_t>(twin)].tokens_per_second();
    result.lost = 1.0 - result.tokens_per_second() / balanced;
  }

  void print_head() {
    const ReportForm form = options_.form;
    if (cluster_ && !cluster_->assumed.empty()) {
      print_note(fmt::format("assumed, because {} does not set them: {}", options_.model->string(),
                             fmt::join(cluster_->assumed, ", ")),
                 form);
    }
    const int ranks = cluster_ ? cluster_->num_ranks() : world_->size();
    name_idle_ranks(cases_, sweep_.expert_group > 0 ? sweep_.expert_group : ranks, form);
    if (form == ReportForm::table) print_now(table_->head());
    if (form == ReportForm::csv) print_now(routing_csv_head());
  }

  void show_progress(int repeat, std::size_t i) {
    if (!is_root() || !progress_.due()) return;
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
    const std::size_t done = static_cast<std::size_t>(repeat) * cases_.size() + i,
                      all = static_cast<std::size_t>(sweep_.repeats) * cases_.size();
    const double left = static_cast<double>(all - done) * spent.count() /
                        static_cast<double>(std::max<std::size_t>(1, done));
    progress_.show(fmt::format("repeat {} of {}, case {} of {}: {}{}", repeat + 1, sweep_.repeats,
                               i + 1, cases_.size(), cases_[i].name(),
                               done == 0 ? "" : fmt::format("; about {:.0f} s left", left)));
  }

  void print_line(const RoutingResult& result) const {
    if (options_.form == ReportForm::table) print_now(table_->line(result));
    if (options_.form == ReportForm::csv) print_now(routing_csv_line(result));
  }

  void report_end() const {
    if (options_.form == ReportForm::json)
      print_now(routing_json(results_, sweep_, settings_)
                    .dump(1, ' ', false, Json::error_handler_t::replace) +
                "\n");
    if (!options_.compare) return;
    const std::string changes = compare_routing(old_, results_, sweep_, settings_);
    if (options_.form == ReportForm::table) {
      print_now("# compared with " + options_.compare->string() + "\n" + changes);
    } else {
      fmt::print(stderr, "{}", changes);
    }
  }

  void require_no_wrong_row() const {
    std::int64_t wrong = 0;
    for (const RoutingResult& result : results_) wrong += result.wrong.value_or(0);
    if (wrong == 0) return;
    throw Error(Exit::internal,
                fmt::format("{} rows arrived with wrong bits: do not use this exchange here, and "
                            "report the lines whose column `wrong` is not 0",
                            wrong))
        .as_agreed();
  }

  const RoutingBenchOptions& options_;
  Config config_;
  Device device_;
  Stream stream_;
  std::unique_ptr<Comm> world_;
  RoutingSweep sweep_;
  std::vector<RoutingCase> cases_;
  std::optional<ClusterModel> cluster_;
  std::optional<BenchRanks> ranks_;  // unless it only predicts
  BenchSettings settings_;
  std::optional<RoutingTable> table_;  // on rank 0
  Json old_;
  std::vector<RoutingResult> results_;
  ProgressLine progress_{stderr_is_terminal()};
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

Exit bench_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks) {
  return RoutingBench(options, std::move(ranks)).run();
}

}  // namespace switchyard::bench
