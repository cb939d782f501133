#include <fmt/ranges.h>

#include "launch/bench/figures/size_list.h"
#include "launch/bench/routing_bench.h"
#include "launch/bench/tune/tune_routing.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"

namespace switchyard {
namespace {

class BenchCommand : public Command {
 public:
  explicit BenchCommand(CLI::App& program) {
    app_ = program.add_subcommand("bench", "Measure the speed of this machine");
    app_->require_subcommand(1);
    CLI::App& routing =
        *app_->add_subcommand("routing", "Measure what moving tokens to experts costs");
    add_sweep(routing);
    add_run_sets(routing, options_.sets);
    add_report(routing);
    add_tuning(routing);
    routing.footer(
        "  mpirun -n 4 switchyard bench routing\n"
        "  srun switchyard bench routing --exchange all --workload all --tokens 256,1024,4096\n"
        "  mpirun -n 4 switchyard bench routing --mode layer --json >old.json\n"
        "  mpirun -n 4 switchyard bench routing --mode layer --compare old.json\n"
        "  srun switchyard bench routing --tune-site --output cluster.toml\n"
        "\n"
        "Lists are separated by commas, sizes may be ranges (--tokens 256:65536:x2), and every\n"
        "combination is measured. An oracle checks the rows before and after the timed "
        "iterations;\n"
        "if one is wrong, the exit code is 1. docs/benchmark-routing.md defines the columns.");
  }

  int run() override {
    if (csv_) options_.form = bench::ReportForm::csv;
    if (json_) options_.form = bench::ReportForm::json;
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      return options_.tune ? bench::tune_routing(options_, std::move(world))
                           : bench::bench_routing(options_, std::move(world));
    });
  }

 private:
  template <class T>
  static void add_list(CLI::App& app, const char* name, T& list, const char* meaning) {
    app.add_option(name, list, meaning)->delimiter(',')->type_name("LIST")->capture_default_str();
  }

  // A list of sizes and ranges of them.
  template <class T>
  static void add_sizes(CLI::App& app, const char* name, T& list, const char* meaning, int low,
                        int high) {
    const auto take = [&list, low, high](const std::vector<std::string>& texts) {
      list.clear();
      for (const std::string& text : texts) {
        for (const std::int64_t size : bench::sizes_of(text, low, high))
          list.push_back(static_cast<typename T::value_type>(size));
      }
    };
    const auto problem_of = [low, high](const std::string& text) -> std::string {
      try {
        bench::sizes_of(text, low, high);
      } catch (const Error& error) {
        return error.what();
      }
      return "";
    };
    app.add_option_function<std::vector<std::string>>(name, take, meaning)
        ->delimiter(',')
        ->type_name("SIZES")
        ->check(problem_of)
        ->default_str(fmt::format("{}", fmt::join(list, ",")));
  }

  void add_sweep(CLI::App& app) {
    bench::RoutingSweep& sweep = options_.sweep;
    add_list(app, "--workload", sweep.workloads,
             "How tokens choose experts: balanced, zipf, hot_expert, hot_rank, hot_node, ragged, "
             "empty_rank, rotating, burst, model (a step's gates choose); or all");
    app.add_option("--replay", sweep.replay,
                   "Also replay recorded choices, with their top-k: a folder of router.record, "
                   "whose tokens "
                   "count too, or another program's .npy or .jsonl")
        ->type_name("PATH");
    add_list(app, "--mode", sweep.modes,
             "What to measure: dispatch, combine, round_trip, layer, step; or all");
    add_list(app, "--exchange", sweep.exchanges,
             "flat, shared_memory, hierarchical, pipelined, auto; or all, which means the first "
             "four");
    add_list(app, "--payload", sweep.payloads, "How rows travel: f32, bf16, int8; or all");
    add_sizes(app, "--tokens", sweep.tokens, "Tokens of each rank", 0, 1 << 24);
    add_sizes(app, "--hidden", sweep.hidden, "Elements of each token", 1, 1 << 20);
    add_sizes(app, "--top-k", sweep.top_k, "Experts that each token goes to", 1, 1024);
    add_sizes(app, "--experts", sweep.experts, "Experts of all ranks of a group together", 1,
              1 << 20);
    app.add_option("--expert-hidden", sweep.expert_hidden,
                   "Inner width of an expert, in modes layer and step")
        ->check(CLI::Range(1, 1 << 24))
        ->capture_default_str();
    const auto number = [&](const char* name, int& value, const char* meaning, int low) {
      app.add_option(name, value, meaning)->check(CLI::Range(low, 1 << 20))->capture_default_str();
    };
    number("--iterations", sweep.iterations, "Measured iterations of each case and repeat", 1);
    number("--warm-up", sweep.warm_up, "Iterations before them that do not count", 0);
    number("--repeats", sweep.repeats,
           "Repeats of the whole list of cases, one after the other, which show how runs differ",
           1);
    app.add_flag("--check-every", sweep.check_every,
                 "Check the rows of every iteration, not only of each repeat's last one");
    number("--ranks-per-node", sweep.ranks_per_node,
           "Pretend that nodes have this many ranks; 0: as they have", 0);
    number("--expert-group", sweep.expert_group,
           "Consecutive ranks that share the experts; 0: all ranks", 0);
    const auto peak = [&](const char* name, double& value, const char* meaning) {
      app.add_option(name, value, meaning)->check(CLI::Range(1e-6, 1e9))->type_name("GB/s");
    };
    peak("--peak-node", sweep.peak_node,
         "Stated rate of one rank within its node, for the share of it that was reached");
    peak("--peak-link", sweep.peak_link, "The same of one rank to other nodes");
    app.add_option("--chunks", sweep.chunks, "Chunks of the pipelined exchange")
        ->check(CLI::Range(1, 1024))
        ->capture_default_str();
    app.add_option("--seed", sweep.seed, "The seed of the workloads")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
  }

  void add_report(CLI::App& app) {
    CLI::Option* csv = app.add_flag("--csv", csv_, "Print comma-separated values");
    app.add_option("--columns", options_.columns,
                   "Columns of the table, or all; without this option, those that fit in 120 "
                   "characters")
        ->delimiter(',')
        ->type_name("LIST");
    app.add_flag("--json", json_, "Print the results as one JSON object")->excludes(csv);
    app.add_option_function<std::string>(
           "--model", [this](const std::string& path) { options_.model = path; },
           "Predict the results for the cluster that this file describes; when run on as many "
           "ranks "
           "as it has, also measure them")
        ->type_name("CLUSTER.toml");
    app.add_option_function<std::string>(
           "--compare", [this](const std::string& path) { options_.compare = path; },
           "Name the cases that changed by more than noise since this report, made with --json")
        ->type_name("OLD.json");
  }

  void add_tuning(CLI::App& app) {
    CLI::Option* tune = app.add_flag(
        "--tune,--tune-site", options_.tune,
        "Measure this site with cases of its own instead, describe it as a cluster for --model and "
        "router.cluster, and check that by cases that were held out");
    for (const char* other : {"--model", "--compare", "--csv", "--json", "--replay"})
      tune->excludes(app.get_option(other));
    app.add_option("--output", options_.output, "Where to write the cluster; without, on stdout")
        ->type_name("CLUSTER.toml")
        ->needs(tune);
    app.add_option("--seconds", options_.tune_seconds, "About how long to measure")
        ->check(CLI::Range(1.0, 3600.0))
        ->capture_default_str()
        ->needs(tune);
  }

  bench::RoutingBenchOptions options_;
  bool csv_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_bench_command(CLI::App& program) {
  return std::make_unique<BenchCommand>(program);
}

}  // namespace switchyard
