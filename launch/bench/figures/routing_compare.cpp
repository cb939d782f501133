#include "launch/bench/figures/routing_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "launch/host/counted.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr double min_change = 0.05;
constexpr std::size_t enough_repeats = 3;

struct Timed {
  double median, fastest, noise, spread;
  std::vector<double> of_repeats;

  double least() const { return *std::min_element(of_repeats.begin(), of_repeats.end()); }
  double most() const { return *std::max_element(of_repeats.begin(), of_repeats.end()); }
  // Few repeats do not tell how runs differ; the iterations of one tell something.
  double doubt() const { return of_repeats.size() < enough_repeats ? noise : spread; }
};

struct OldCase {
  std::string name;
  int ranks, nodes;
  OrderedJson settings;
  Timed timed;
};

std::vector<OldCase> old_cases(const OrderedJson& old) {
  constexpr const char* refusal = "not a report that `switchyard bench routing --json` wrote";
  try {
    require(old.at("kind") == "routing benchmark", Exit::data, "{}", refusal);
    require(old.at("version") == 2, Exit::data,
            "a report of version {}, whose times mean something else than those of version 2: "
            "measure it again",
            old.at("version").dump());
    std::vector<OldCase> cases;
    for (const OrderedJson& line : old.at("results")) {
      cases.push_back({line.at("name"),
                       line.at("ranks"),
                       line.at("nodes"),
                       line.at("settings"),
                       {line.at("seconds_p50"), line.at("seconds_p10"), line.at("noise"),
                        line.at("spread_of_repeats"), line.at("seconds_of_repeats")}});
      require(!cases.back().timed.of_repeats.empty(), Exit::data, "{}", refusal);
    }
    return cases;
  } catch (const nlohmann::json::exception&) {
    fail(Exit::data, "{}", refusal);
  }
}

// "seed 1, now 2; chunks 4, now 8".
std::string differences(const OrderedJson& old, const OrderedJson& now) {
  std::string text;
  for (const auto& [key, value] : now.items()) {
    const std::string before = old.contains(key) ? old.at(key).dump() : "not set";
    if (before != value.dump())
      text += fmt::format("{}{} {}, now {}", text.empty() ? "" : "; ", key, before, value.dump());
  }
  return text.empty() ? "other settings" : text;
}

// The change of the median, or 0 if it is within noise.
double change_of(const Timed& old, const Timed& now, double limit) {
  const double change = now.median / old.median - 1.0, fastest = now.fastest / old.fastest - 1.0;
  const bool apart = now.least() > old.most() || now.most() < old.least();
  const bool same_way = change * fastest > 0 && std::abs(fastest) > min_change;
  return std::abs(change) > limit && apart && same_way ? change : 0.0;
}

// One line on what else the runs do not share.
std::string other_machine(const OrderedJson& old, const BenchSettings& settings) {
  std::string text;
  const auto compare = [&](const char* key, const std::string& now) {
    if (old.contains(key) && old.at(key) != now)
      text += fmt::format("# the {} was {}, now {}\n", key, old.at(key).dump(),
                          OrderedJson(now).dump());
  };
  compare("host", settings.host);
  compare("program", settings.program);
  return text;
}

}  // namespace

std::string compare_routing(const OrderedJson& old, const std::vector<RoutingResult>& results,
                            const RoutingSweep& sweep, const BenchSettings& settings) {
  const std::vector<OldCase> before = old_cases(old);
  std::string text = other_machine(old, settings);
  int same = 0, unknown = 0;
  for (const RoutingResult& result : results) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const OldCase& c) {
      return c.name == result.what.name() && c.ranks == result.ranks && c.nodes == result.nodes;
    });
    if (found == before.end() || found->timed.median <= 0) {
      ++unknown;
      continue;
    }
    const OrderedJson how = settings_of(result.what, sweep, settings);
    if (found->settings != how) {
      text += fmt::format("not compared: {}: {}\n", result.what.name(),
                          differences(found->settings, how));
      continue;
    }
    const Timed now{result.p(0.5), result.p(0.1), result.noise(), result.spread(),
                    result.medians()};
    const double limit = std::max(min_change, now.doubt() + found->timed.doubt());
    const double change = change_of(found->timed, now, limit);
    if (change == 0.0) {
      ++same;
      continue;
    }
    text += fmt::format("{} {}: {:.1f} -> {:.1f} us, {:+.1f} % (noise {:.1f} %)\n",
                        change > 0 ? "SLOWER" : "faster", result.what.name(),
                        1e6 * found->timed.median, 1e6 * now.median, 100 * change, 100 * limit);
  }
  return text + fmt::format("{} within noise, {} not in the old file\n", counted(same, "case"),
                            counted(unknown, "case"));
}

}  // namespace switchyard::bench
