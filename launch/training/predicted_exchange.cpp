#include "launch/training/predicted_exchange.h"

#include <fmt/format.h>

#include "launch/bench/predict/exchange_prediction.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/topology.h"

namespace switchyard {
namespace {

using bench::ClusterModel;

// The site as this start uses it; nothing if the file does not describe that.
std::optional<ClusterModel> site_of(const std::string& file, const Topology& topology, int group) {
  ClusterModel site = bench::read_cluster_model(file);
  const int nodes = topology.num_nodes();
  if (nodes * topology.smallest_node() != group || (nodes > 1 && site.nodes == 1)) return {};
  site.nodes = nodes;
  site.ranks_per_node = topology.smallest_node();
  return site;
}

PredictedExchange fastest_of(const Config& config, Device device, const ClusterModel& site) {
  const std::int64_t tokens = config.train.micro_batch_size * config.data.sequence_length;
  const bench::RoutingCase what{"balanced",
                                "round_trip",
                                "auto",
                                config.router.payload,
                                tokens,
                                config.model.hidden,
                                config.router.top_k,
                                config.model.num_experts};
  const auto prediction = bench::fastest_exchange(
      what, {}, site, bench::exchanges_on(site, device.kind == Device::Kind::cpu));
  std::string times;
  for (const auto& [exchange, seconds] : prediction.seconds)
    times += fmt::format("{}{} {:.3g} ms", times.empty() ? "" : ", ", exchange, 1e3 * seconds);
  return {value_named<ExchangeKind>(prediction.exchange).value(),
          fmt::format("{}, by {} the fastest of {} for a round trip of {} tokens on {} ranks",
                      prediction.exchange, config.router.cluster, times, tokens, site.num_ranks())};
}

}  // namespace

RouterConfig with_predicted_exchange(const Config& config, Device device, Mesh& mesh) {
  RouterConfig router = config.router;
  const int group = mesh.experts->size();
  if (router.exchange != ExchangeKind::automatic || router.cluster.empty() || group == 1)
    return router;
  const Topology topology = make_topology(*mesh.experts, router.ranks_per_node);
  std::string kind, why;
  on_root(*mesh.world, [&] {
    const auto site = site_of(router.cluster, topology, group);
    if (!site) return;
    const PredictedExchange fastest = fastest_of(config, device, *site);
    kind = name_of(fastest.kind);
    why = fastest.why;
  });
  kind = broadcast_text(*mesh.world, kind, 0);
  why = broadcast_text(*mesh.world, why, 0);
  if (!kind.empty()) router.predicted = {value_named<ExchangeKind>(kind).value(), why};
  return router;
}

}  // namespace switchyard
