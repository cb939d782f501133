#include "launch/bench/routing_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/text/byte_size.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string ratio_text(double of, double to) {
  return to > 0 && of > 0 ? fmt::format("{:.2f}", of / to) : "-";
}

double wire_ratio(const RoutingResult& r) {
  return r.logical_bytes > 0
             ? static_cast<double>(r.wire_bytes) / static_cast<double>(r.logical_bytes)
             : 0.0;
}

OrderedJson as_json(const RoutingResult& r) {
  return {{"workload", r.what.workload},
          {"mode", r.what.mode},
          {"exchange", r.what.exchange},
          {"payload", name_of(r.what.payload)},
          {"tokens_per_rank", r.what.tokens},
          {"hidden", r.what.hidden},
          {"top_k", r.what.top_k},
          {"experts", r.what.experts},
          {"ranks", r.ranks},
          {"nodes", r.nodes},
          {"wrong", r.wrong},
          {"logical_bytes", r.logical_bytes},
          {"wire_bytes", r.wire_bytes},
          {"busiest_bytes", r.busiest_bytes},
          {"tokens", r.tokens},
          {"seconds_min", r.least},
          {"seconds_median", r.middle},
          {"seconds_max", r.most},
          {"slowest_rank", r.slowest},
          {"seconds_travel", r.travel},
          {"noise", r.noise},
          {"algbw_GBps", r.algbw()},
          {"busbw_GBps", r.busbw()},
          {"tokens_per_second", r.tokens_per_second()},
          {"seconds_alltoallv", r.raw},
          {"seconds_alltoallv_plain_pages", r.plain},
          {"seconds_memcpy", r.copy},
          {"seconds_predicted", r.predicted}};
}

// A line of an older report.
struct OldCase {
  std::string name;
  int ranks, nodes;
  double seconds, noise;
};

std::vector<OldCase> old_cases(const OrderedJson& old) {
  constexpr const char* refusal = "not a report that `switchyard bench routing --json` wrote";
  try {
    require(old.at("kind") == "routing benchmark" && old.at("version") == 1, Exit::data, "{}",
            refusal);
    std::vector<OldCase> cases;
    for (const OrderedJson& line : old.at("results")) {
      cases.push_back({line.at("name"), line.at("ranks"), line.at("nodes"), line.at("seconds_max"),
                       line.at("noise")});
    }
    return cases;
  } catch (const nlohmann::json::exception&) {
    fail(Exit::data, "{}", refusal);
  }
}

}  // namespace

std::string routing_table_head() {
  return fmt::format(
      "# times in microseconds: min, median and max over ranks of each rank's median iteration\n"
      "# ratio: wire bytes, which change ranks (or nodes, if there are several), over logical "
      "ones, "
      "of all rows as f32\n"
      "# of raw, of cp: the time of Alltoallv and of memcpy for the same bytes over max; plain: "
      "Alltoallv on malloc's pages\n"
      "# travel: raw over the part of max without packing; model: max as --model predicts it\n"
      "{:<11} {:<10} {:<13} {:<7} {:>7} {:>6} {:>5} {:>7} {:>10} {:>10} {:>6} {:>9} {:>9} {:>9} "
      "{:>5} {:>7} {:>7} {:>11} {:>6} {:>6} {:>6} {:>6} {:>9} {:>6}\n",
      "# workload", "mode", "exchange", "payload", "tokens", "hidden", "top-k", "experts",
      "logical", "wire", "ratio", "min", "median", "max", "slow", "algbw", "busbw", "tokens/s",
      "of raw", "plain", "travel", "of cp", "model", "wrong");
}

std::string routing_table_line(const RoutingResult& r) {
  return fmt::format(
      "{:<11} {:<10} {:<13} {:<7} {:>7} {:>6} {:>5} {:>7} {:>10} {:>10} {:>6.2f} {:>9.1f} {:>9.1f} "
      "{:>9.1f} {:>5} {:>7.3f} {:>7.3f} {:>11.4g} {:>6} {:>6} {:>6} {:>6} {:>9} {:>6}\n",
      r.what.workload, r.what.mode, r.what.exchange, name_of(r.what.payload), r.what.tokens,
      r.what.hidden, r.what.top_k, r.what.experts, bytes_in_words(r.logical_bytes),
      bytes_in_words(r.wire_bytes), wire_ratio(r), 1e6 * r.least, 1e6 * r.middle, 1e6 * r.most,
      r.slowest, r.algbw(), r.busbw(), r.tokens_per_second(), ratio_text(r.raw, r.most),
      ratio_text(r.plain, r.most), ratio_text(r.raw, r.travel), ratio_text(r.copy, r.most),
      r.predicted > 0 ? fmt::format("{:.1f}", 1e6 * r.predicted) : "-", r.wrong);
}

std::string routing_csv_head() {
  std::string head;
  const OrderedJson json = as_json(RoutingResult{});
  for (const auto& [key, value] : json.items()) head += (head.empty() ? "" : ",") + key;
  return head + "\n";
}

std::string routing_csv_line(const RoutingResult& result) {
  std::string line;
  const OrderedJson json = as_json(result);
  for (const auto& [key, value] : json.items()) {
    line +=
        (line.empty() ? "" : ",") + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return line + "\n";
}

OrderedJson routing_json(const std::vector<RoutingResult>& results,
                         const std::string& program_version) {
  OrderedJson lines = OrderedJson::array();
  for (const RoutingResult& result : results) {
    OrderedJson line = as_json(result);
    line["name"] = result.what.name();
    line["rows_received"] = result.load;
    lines.push_back(line);
  }
  return {{"kind", "routing benchmark"},
          {"version", 1},
          {"program", program_version},
          {"results", lines}};
}

std::string compare_routing(const OrderedJson& old, const std::vector<RoutingResult>& results) {
  constexpr double min_change = 0.05;
  const std::vector<OldCase> before = old_cases(old);
  std::string text;
  int same = 0, unknown = 0;
  for (const RoutingResult& result : results) {
    const auto found = std::find_if(before.begin(), before.end(), [&](const OldCase& c) {
      return c.name == result.what.name() && c.ranks == result.ranks && c.nodes == result.nodes;
    });
    if (found == before.end() || found->seconds <= 0) {
      ++unknown;
      continue;
    }
    const double limit = std::max({min_change, result.noise, found->noise});
    const double change = result.most / found->seconds - 1.0;
    if (std::abs(change) <= limit) {
      ++same;
      continue;
    }
    text += fmt::format("{} {}: {:.1f} -> {:.1f} us, {:+.1f} % (noise {:.1f} %)\n",
                        change > 0 ? "SLOWER" : "faster", result.what.name(), 1e6 * found->seconds,
                        1e6 * result.most, 100 * change, 100 * limit);
  }
  return text + fmt::format("{} cases within noise, {} not in the old file\n", same, unknown);
}

}  // namespace switchyard::bench
