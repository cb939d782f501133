#include "launch/bench/figures/routing_case.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "router/exchange/factory.h"
#include "router/exchange/workload.h"
#include "router/payload.h"

namespace switchyard::bench {
namespace {

const std::vector<std::string> all_modes = {"dispatch", "combine", "round_trip", "layer", "step"};

// Returns `chosen`, with "all" replaced by the names in `all`. Errors: Exit::usage for a name that
// is in neither `all` nor `also`.
std::vector<std::string> named(const char* what, const std::vector<std::string>& chosen,
                               const std::vector<std::string>& all,
                               const std::vector<std::string>& also = {}) {
  std::vector<std::string> names;
  for (const std::string& name : chosen) {
    if (name == "all") {
      names.insert(names.end(), all.begin(), all.end());
      continue;
    }
    const auto among = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    require(among(all) || among(also), Exit::usage, "unknown {} {}: choose from {}, or all", what,
            name, all);
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> workloads_of(const RoutingSweep& sweep, const std::string& mode) {
  std::vector<std::string> all;
  for (const Workload::Kind& kind : Workload::kinds()) all.push_back(kind.name);
  all.emplace_back("model");
  std::vector<std::string> names = named("workload", sweep.workloads, all, {"replay"});
  const auto has = [&](const char* name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  require(!sweep.replay.empty() || !has("replay"), Exit::usage,
          "workload replay needs --replay and a recording");
  if (!sweep.replay.empty() && !has("replay")) names.insert(names.begin(), "replay");
  std::erase_if(names, [&](const std::string& name) {
    return mode == "step" ? name == "ragged" || name == "empty_rank" : name == "model";
  });
  require(!names.empty(), Exit::usage, "mode {} has none of the workloads {}", mode,
          fmt::join(sweep.workloads, ", "));
  std::stable_partition(names.begin(), names.end(),
                        [](const std::string& name) { return name == "balanced"; });
  return names;
}

std::vector<std::string> exchange_names() {
  std::vector<std::string> names;
  for (const ExchangeKind kind : exchange_kinds) names.emplace_back(name_of(kind));
  return names;
}

std::vector<Payload> payloads_of(const RoutingSweep& sweep) {
  const auto& names = names_of<Payload>;
  std::vector<Payload> payloads;
  for (const std::string& name : named("payload", sweep.payloads, {names.begin(), names.end()}))
    payloads.push_back(value_named<Payload>(name).value());
  return payloads;
}

void check_case(const RoutingCase& c) {
  require(c.top_k >= 1 && c.top_k <= c.experts, Exit::usage,
          "top-{} of {} experts: choose k between 1 and the number of experts", c.top_k, c.experts);
  require(!computes(c) || (c.tokens % row_tile == 0 && c.tokens > 0), Exit::usage,
          "mode {} needs a multiple of {} tokens, not {}", c.mode, row_tile, c.tokens);
  require(c.mode != "layer" || c.experts <= c.hidden, Exit::usage,
          "mode layer needs a hidden size of at least the number of experts, {}, not {}", c.experts,
          c.hidden);
  require(c.mode != "step" || c.hidden % 64 == 0, Exit::usage,
          "mode step needs a hidden size that is a multiple of 64, not {}", c.hidden);
  constexpr double most_bytes = 1e18;  // what 64 bits count, with room for a sum over directions
  const double bytes =
      4.0 * static_cast<double>(c.tokens) * static_cast<double>(c.hidden) * c.top_k;
  require(bytes < most_bytes, Exit::usage,
          "{} tokens x top-{} x hidden {} are {:.2g} bytes on each rank: choose smaller sizes",
          c.tokens, c.top_k, c.hidden, bytes);
}

}  // namespace

std::string RoutingCase::name() const {
  return fmt::format("{} {} {} {} {}x{} top-{} of {}", workload, mode, exchange, name_of(payload),
                     tokens, hidden, top_k, experts);
}

std::vector<RoutingCase> cases_of(const RoutingSweep& sweep) {
  const auto exchanges = named("exchange", sweep.exchanges, exchange_names(), {"auto"});
  const auto modes = named("mode", sweep.modes, all_modes);
  const std::vector<Payload> payloads = payloads_of(sweep);
  std::vector<RoutingCase> cases;
  const auto add = [&](RoutingCase c) {
    for (const std::string& exchange : exchanges) {
      c.exchange = exchange;
      check_case(c);
      cases.push_back(c);
    }
  };
  for (const std::string& mode : modes) {
    const std::vector<std::string> workloads = workloads_of(sweep, mode);
    for (const std::int64_t hidden : sweep.hidden)
      for (const int experts : sweep.experts)
        for (const int top_k : sweep.top_k)
          for (const std::int64_t tokens : sweep.tokens)
            for (const std::string& workload : workloads)
              for (const Payload payload : payloads)
                add({workload, mode, "", payload, tokens, hidden, top_k, experts});
  }
  return cases;
}

std::ptrdiff_t balanced_twin(const std::vector<RoutingCase>& cases, const RoutingCase& what) {
  RoutingCase twin = what;
  twin.workload = "balanced";
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const RoutingCase& each) {
    return each.name() == twin.name();
  });
  return found == cases.end() ? -1 : found - cases.begin();
}

bool computes(const RoutingCase& what) { return what.mode == "layer" || what.mode == "step"; }

Legs legs_of(const std::string& mode) {
  if (mode == "layer" || mode == "step") return {2, 2};  // forward and backward
  return {mode == "combine" ? 0 : 1, mode == "dispatch" ? 0 : 1};
}

double bytes_at_least(const RoutingCase& what, const RoutingSweep& sweep, double tokens,
                      double received, int num_hosted) {
  const double row = 4.0 * static_cast<double>(what.hidden), slots = tokens * what.top_k;
  const auto packed = static_cast<double>(payload_row_bytes(what.payload, what.hidden));
  const double moved = (tokens + 2.0 * received + slots) * row;  // x, rows, results, slots
  // Packed rows on their way, or both sides of a bare exchange and of a copy.
  const double beside = 2.0 * (slots + received) * packed;
  if (!computes(what)) return moved + beside;
  const double inner = 4.0 * static_cast<double>(sweep.expert_hidden);
  constexpr double copies = 4.0;  // values, gradients and two moments
  const double experts = copies * 3.0 * row * static_cast<double>(sweep.expert_hidden) * num_hosted;
  return moved + beside + 2.0 * tokens * row + 3.0 * received * inner + experts;
}

}  // namespace switchyard::bench
