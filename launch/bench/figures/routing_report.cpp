#include "launch/bench/figures/routing_report.h"

namespace switchyard::bench {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::int64_t rounded(double value) { return static_cast<std::int64_t>(value + 0.5); }

OrderedJson wrong_of(const RoutingResult& r) {
  return r.wrong ? OrderedJson(*r.wrong) : OrderedJson(nullptr);
}

OrderedJson case_json(const RoutingResult& r) {
  return {{"workload", r.what.workload},
          {"mode", r.what.mode},
          {"exchange", r.what.exchange},
          {"exchange_used", r.exchange},
          {"payload", name_of(r.what.payload)},
          {"tokens_per_rank", r.what.tokens},
          {"hidden", r.what.hidden},
          {"top_k", r.what.top_k},
          {"experts", r.what.experts},
          {"ranks", r.ranks},
          {"nodes", r.nodes},
          {"expert_group", r.group},
          {"wrong", wrong_of(r)}};
}

OrderedJson traffic_json(const RoutingResult& r) {
  return {{"tokens", rounded(r.bytes(&Traffic::tokens))},
          {"logical_bytes", rounded(r.bytes(&Traffic::logical_bytes))},
          {"wire_bytes", rounded(r.bytes(&Traffic::wire_bytes))},
          {"node_bytes", rounded(r.bytes(&Traffic::node_bytes))},
          {"link_bytes", rounded(r.bytes(&Traffic::link_bytes))},
          {"link_of_node_bytes", rounded(r.bytes(&Traffic::link_of_node_bytes))},
          {"rows_of_fullest_rank", rounded(r.bytes(&Traffic::max_rows))},
          {"skew", r.skew()},
          {"memory_bytes", rounded(r.memory_bytes)}};
}

OrderedJson time_json(const RoutingResult& r) {
  return {{"seconds_p50", r.p(0.5)},
          {"seconds_p95", r.p(0.95)},
          {"seconds_p99", r.p(0.99)},
          {"seconds_mean", r.mean()},
          {"seconds_min", r.p(0.0)},
          {"seconds_p10", r.p(0.1)},
          {"noise", r.noise()},
          {"spread_of_repeats", r.spread()},
          {"slowest_rank", r.slowest_rank()},
          {"seconds_plan", r.part(&Iteration::plan)},
          {"seconds_permute", r.part(&Iteration::permute)},
          {"seconds_travel", r.part(&Iteration::travel)},
          {"seconds_alltoallv", quantile(r.raw, 0.5)},
          {"seconds_alltoallv_plain_pages", quantile(r.plain, 0.5)},
          {"seconds_memcpy", quantile(r.copy, 0.5)},
          {"seconds_predicted", r.predicted}};
}

OrderedJson rate_json(const RoutingResult& r) {
  return {{"algbw_GBps", r.algbw()},
          {"busbw_node_GBps", r.gb_per_s(&Traffic::node_bytes)},
          {"busbw_link_GBps", r.gb_per_s(&Traffic::link_bytes)},
          {"busbw_link_of_node_GBps", r.gb_per_s(&Traffic::link_of_node_bytes)},
          {"share_of_peak", r.share_of_peak()},
          {"tokens_per_second", r.tokens_per_second()},
          {"share_lost_to_imbalance", r.lost ? OrderedJson(*r.lost) : OrderedJson(nullptr)}};
}

// The columns of CSV, which JSON has too.
OrderedJson flat_json(const RoutingResult& r) {
  OrderedJson json = case_json(r);
  for (const OrderedJson& part : {traffic_json(r), time_json(r), rate_json(r)}) json.update(part);
  return json;
}

OrderedJson iterations_json(const RoutingResult& r) {
  OrderedJson json = {{"seconds", OrderedJson::array()},
                      {"plan", OrderedJson::array()},
                      {"permute", OrderedJson::array()},
                      {"travel", OrderedJson::array()},
                      {"node_bytes", OrderedJson::array()},
                      {"link_bytes", OrderedJson::array()},
                      {"rows_of_fullest_rank", OrderedJson::array()}};
  for (const Iteration& i : r.iterations) {
    json["seconds"].push_back(i.seconds);
    json["plan"].push_back(i.plan);
    json["permute"].push_back(i.permute);
    json["travel"].push_back(i.travel);
    json["node_bytes"].push_back(i.traffic.node_bytes);
    json["link_bytes"].push_back(i.traffic.link_bytes);
    json["rows_of_fullest_rank"].push_back(i.traffic.max_rows);
  }
  return json;
}

// Means of each rank over the iterations.
OrderedJson ranks_json(const RoutingResult& r) {
  const auto count = static_cast<double>(r.iterations.size());
  OrderedJson json = OrderedJson::array();
  for (const RankSums& rank : r.of_ranks) {
    const double seconds = rank.seconds / count;
    const auto rate = [&](double out, double in) { return 1e-9 * (out + in) / count / seconds; };
    json.push_back({{"node", rank.node},
                    {"seconds_mean", seconds},
                    {"rows_received", rank.rows / count},
                    {"node_bytes_out", rank.node_out / count},
                    {"node_bytes_in", rank.node_in / count},
                    {"link_bytes_out", rank.link_out / count},
                    {"link_bytes_in", rank.link_in / count},
                    {"node_GBps_both_ways", rate(rank.node_out, rank.node_in)},
                    {"link_GBps_both_ways", rate(rank.link_out, rank.link_in)}});
  }
  return json;
}

}  // namespace

std::string routing_csv_head() {
  std::string head;
  const OrderedJson json = flat_json(RoutingResult{});
  for (const auto& [key, value] : json.items()) head += (head.empty() ? "" : ",") + key;
  return head + "\n";
}

std::string routing_csv_line(const RoutingResult& result) {
  std::string line;
  const OrderedJson json = flat_json(result);
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    line += first ? "" : ",";
    first = false;
    if (!value.is_null()) line += value.is_string() ? value.get<std::string>() : value.dump();
  }
  return line + "\n";
}

OrderedJson settings_of(const RoutingCase& what, const RoutingSweep& sweep,
                        const BenchSettings& settings) {
  OrderedJson json = {{"measured", settings.measured},
                      {"device", settings.device},
                      {"threads", settings.threads},
                      {"seed", sweep.seed},
                      {"ranks_per_node", sweep.ranks_per_node},
                      {"expert_group", sweep.expert_group},
                      {"replay", what.workload == "replay" ? sweep.replay : ""}};
  if (computes(what)) json["expert_hidden"] = sweep.expert_hidden;
  if (what.exchange == "pipelined") json["chunks"] = sweep.chunks;
  return json;
}

OrderedJson routing_json(const std::vector<RoutingResult>& results, const RoutingSweep& sweep,
                         const BenchSettings& settings) {
  OrderedJson lines = OrderedJson::array();
  for (const RoutingResult& result : results) {
    OrderedJson line = flat_json(result);
    line["name"] = result.what.name();
    line["settings"] = settings_of(result.what, sweep, settings);
    line["seconds_of_repeats"] = result.medians();
    line["iterations"] = iterations_json(result);
    line["of_ranks"] = ranks_json(result);
    lines.push_back(line);
  }
  return {{"kind", "routing benchmark"},
          {"version", 2},
          {"program", settings.program},
          {"command", settings.command},
          {"host", settings.host},
          {"date", settings.date},
          {"warm_up", sweep.warm_up},
          {"iterations", sweep.iterations},
          {"repeats", sweep.repeats},
          {"check", sweep.check_every ? "every" : "after"},
          {"peak_node_GBps", sweep.peak_node},
          {"peak_link_GBps", sweep.peak_link},
          {"results", lines}};
}

}  // namespace switchyard::bench
