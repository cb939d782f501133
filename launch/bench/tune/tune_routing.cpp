#include "launch/bench/tune/tune_routing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "io/files/durable.h"
#include "launch/assemble/assemble.h"
#include "launch/bench/predict/exchange_prediction.h"
#include "launch/bench/tune/cluster_fit.h"
#include "launch/bench/tune/tune_cases.h"
#include "launch/bench/tune/tune_measure.h"
#include "launch/host/host_name.h"
#include "launch/machine/machine.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"

namespace switchyard::bench {
namespace {

constexpr double goal = 0.2;            // of a held-out prediction
constexpr double longest_pilot = 0.04;  // seconds of a round trip of 1,024 x 512
constexpr int min_repeats = 3, largest_shrink = 16;

using Clock = std::chrono::steady_clock;

// How the ranks lie on nodes, with the numbers to begin with.
ClusterModel layout_of(const BenchRanks& ranks) {
  ClusterModel cluster;
  cluster.nodes = ranks.num_nodes;
  cluster.ranks_per_node = ranks.world.size() / ranks.num_nodes;
  for (const auto& node : ranks.topology.ranks)
    require(static_cast<int>(node.size()) == cluster.ranks_per_node, Exit::usage,
            "--tune needs as many ranks on each node: one has {} of {}, on {} nodes", node.size(),
            ranks.world.size(), ranks.num_nodes);
  return cluster;
}

class Tuning {
 public:
  Tuning(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks)
      : options_(options),
        sweep_(options.sweep),
        config_(config_for(*ranks)),
        device_(choose_device(config_.run, *ranks)),
        stream_(make_stream(config_, device_, *ranks)),
        world_(make_device_world(std::move(ranks), device_).comm) {
    agree(*world_, [&] {
      require(world_->size() > 1, Exit::usage,
              "--tune measures what travels between ranks: start it with mpirun or srun");
      require(sweep_.expert_group == 0, Exit::usage,
              "--tune takes all ranks as one group: leave out --expert-group");
    });
    ranks_.emplace(make_bench_ranks(*world_, sweep_));
    agree(*world_, [&] { start_ = layout_of(*ranks_); });
  }

  Exit run() {
    const auto begin = Clock::now();
    cases_ = tune_cases(exchanges_on(start_, device_.kind == Device::Kind::cpu), sweep_.top_k[0],
                        std::max(sweep_.experts[0], world_->size()), shrink_of_pilot());
    measure(begin);
    const MessageSeconds small = measure_messages(64, *ranks_, stream_),
                         large = measure_messages(1 << 18, *ranks_, stream_);
    std::int64_t good = 1;
    on_root(*world_, [&] {
      good = report(std::chrono::duration<double>(Clock::now() - begin).count()) ? 1 : 0;
      fmt::print(
          "# pairs of messages take {:.2f} of one collective's time for 64 B, {:.2f} for "
          "256 KiB\n",
          small.pairs / small.collective, large.pairs / large.collective);
    });
    return reduce_one(*world_, good, Reduce::min) == 1 ? Exit::done : Exit::gate;
  }

 private:
  Config config_for(Comm& ranks) const {
    Config config;
    config.run.threads = 1;
    agree(ranks, [&] { apply_run_sets(config, options_.sets); });
    return config;
  }

  // By what to divide tokens, so that slow links take as long as fast ones.
  int shrink_of_pilot() {
    int shrink = 1;
    for (; shrink < largest_shrink; shrink *= 2) {
      const RoutingCase pilot{"balanced",      "round_trip",
                              "flat",          Payload::f32,
                              1024 / shrink,   512,
                              sweep_.top_k[0], std::max(sweep_.experts[0], world_->size())};
      const double seconds = quantile(measure_case(pilot, sweep_, false, *ranks_, stream_), 0.5);
      if (seconds <= longest_pilot) break;
    }
    return shrink;
  }

  // All cases in turns, so that a slow minute of the machine is one of every case.
  void measure(Clock::time_point begin) {
    seconds_.resize(cases_.size());
    for (bool more = true; more;) {
      for (std::size_t i = 0; i < cases_.size(); ++i) {
        const std::vector<double> laps =
            measure_case(cases_[i].what, sweep_, repeats_ == 0, *ranks_, stream_);
        seconds_[i].insert(seconds_[i].end(), laps.begin(), laps.end());
      }
      ++repeats_;
      const std::chrono::duration<double> spent = Clock::now() - begin;
      const bool time_left = spent.count() * (repeats_ + 1) / repeats_ < options_.tune_seconds;
      const std::int64_t again = repeats_ < min_repeats || time_left ? 1 : 0;
      more = reduce_one(*world_, again, Reduce::min) == 1;
    }
  }

  double measured(std::size_t i) const { return quantile(seconds_[i], undisturbed); }

  bool report(double spent) const {
    std::vector<TimedCase> fitted;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (!cases_[i].held_out) fitted.push_back({cases_[i].what, measured(i)});
    }
    const ClusterModel cluster = fit_cluster(fitted, sweep_, start_);
    fmt::print("# {} ranks on {} nodes, {} repeats of {} cases in {:.0f} s\n", world_->size(),
               start_.nodes, repeats_, cases_.size(), spent);
    const int far = print_held_out(cluster);
    print_choices(cluster);
    print_payloads();
    if (!options_.output.empty()) {
      durable::replace_file(options_.output,
                            fmt::format("# Measured by `switchyard bench routing --tune` on {}, "
                                        "{}.\n{}",
                                        host_name(), utc_now(), print_cluster_model(cluster)));
      fmt::print("# wrote {}\n", options_.output.string());
    } else {
      fmt::print("{}", print_cluster_model(cluster));
    }
    return far == 0;
  }

  // Returns how many are further away than the goal.
  int print_held_out(const ClusterModel& cluster) const {
    int far = 0, all = 0;
    fmt::print("{:<58} {:>12} {:>12} {:>7}\n", "held out", "measured/us", "predicted/us", "error");
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      if (!cases_[i].held_out) continue;
      const double predicted = predict_routing(cases_[i].what, sweep_, cluster).p(0.5);
      const double error = predicted / measured(i) - 1.0;
      ++all;
      far += std::abs(error) > goal ? 1 : 0;
      fmt::print("{:<58} {:>12.1f} {:>12.1f} {:>+6.0f}%{}\n", cases_[i].what.name(),
                 1e6 * measured(i), 1e6 * predicted, 100 * error,
                 std::abs(error) > goal ? " !" : "");
    }
    fmt::print("# {} of {} held-out cases within {:.0f} %\n", all - far, all, 100 * goal);
    return far;
  }

  // For each size, the exchange that is predicted to be fastest, and what it took beside the one
  // that was.
  void print_choices(const ClusterModel& cluster) const {
    const auto exchanges = exchanges_on(start_, device_.kind == Device::Kind::cpu);
    if (exchanges.size() == 1) return;
    for (std::size_t i = 0; i < cases_.size(); i += exchanges.size()) {
      const auto prediction = fastest_exchange(cases_[i].what, sweep_, cluster, exchanges);
      std::size_t fastest = i, chosen = i;
      for (std::size_t e = 0; e < exchanges.size(); ++e) {
        if (measured(i + e) < measured(fastest)) fastest = i + e;
        if (exchanges[e] == prediction.exchange) chosen = i + e;
      }
      const RoutingCase& what = cases_[i].what;
      fmt::print("# {} {} {}x{}: {}{}\n", what.workload, name_of(what.payload), what.tokens,
                 what.hidden, prediction.exchange,
                 chosen == fastest ? ", which was the fastest"
                                   : fmt::format(", {:.2f} of {}'s measured time",
                                                 measured(chosen) / measured(fastest),
                                                 cases_[fastest].what.exchange));
    }
  }

  // Where the same rows travelled in several payloads. None is chosen: rounding changes what a run
  // learns.
  void print_payloads() const {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      RoutingCase twin = cases_[i].what;
      if (twin.payload == Payload::f32) continue;
      twin.payload = Payload::f32;
      const auto found = std::find_if(cases_.begin(), cases_.end(), [&](const TuneCase& of) {
        return of.what.name() == twin.name();
      });
      if (found == cases_.end()) continue;
      const double f32 = measured(static_cast<std::size_t>(found - cases_.begin()));
      fmt::print("# router.payload = \"{}\" took {:.2f} of f32's time in {} of {}x{}\n",
                 name_of(cases_[i].what.payload), measured(i) / f32, twin.exchange, twin.tokens,
                 twin.hidden);
    }
  }

  const RoutingBenchOptions& options_;
  RoutingSweep sweep_;
  Config config_;
  Device device_;
  Stream stream_;
  std::unique_ptr<Comm> world_;
  std::optional<BenchRanks> ranks_;
  ClusterModel start_;
  std::vector<TuneCase> cases_;
  std::vector<std::vector<double>> seconds_;  // [cases] of all iterations
  int repeats_ = 0;
};

}  // namespace

Exit tune_routing(const RoutingBenchOptions& options, std::unique_ptr<Comm> ranks) {
  return Tuning(options, std::move(ranks)).run();
}

}  // namespace switchyard::bench
