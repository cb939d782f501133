#include "launch/bench/predict/exchange_prediction.h"

#include <algorithm>

namespace switchyard::bench {

std::vector<std::string> exchanges_on(const ClusterModel& cluster, bool on_host) {
  std::vector<std::string> exchanges = {"flat"};
  if (cluster.ranks_per_node == 1) return exchanges;
  if (on_host) exchanges.push_back("shared_memory");
  if (cluster.nodes > 1) exchanges.push_back("hierarchical");
  return exchanges;
}

ExchangePrediction fastest_exchange(const RoutingCase& what, const RoutingSweep& sweep,
                                    const ClusterModel& cluster,
                                    const std::vector<std::string>& exchanges) {
  ExchangePrediction prediction;
  for (const std::string& exchange : exchanges) {
    RoutingCase with = what;
    with.exchange = exchange;
    prediction.seconds.emplace_back(exchange, predict_routing(with, sweep, cluster).p(0.5));
  }
  prediction.exchange =
      std::min_element(prediction.seconds.begin(), prediction.seconds.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; })
          ->first;
  return prediction;
}

}  // namespace switchyard::bench
