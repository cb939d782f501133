#include "launch/bench/predict/step_prediction.h"

#include "launch/bench/figures/bench_model.h"
#include "model/transformer/flops.h"

namespace switchyard::bench {
namespace {

constexpr double bytes_of_weight = 4.0;
constexpr double update_copies = 4.0;  // weights, gradients and two moments, read and written

double ring_sum_seconds(double bytes, const ClusterModel& cluster) {
  const double ranks = cluster.num_ranks();
  const double latency = cluster.nodes > 1 ? cluster.link_latency_us : cluster.node_latency_us;
  const double rate = cluster.nodes > 1 ? cluster.link_gb_per_s : cluster.node_gb_per_s;
  return 2.0 * (ranks - 1.0) * (micro * latency + bytes / ranks / (giga * rate));
}

}  // namespace

double rest_of_step(const RoutingCase& what, const RoutingSweep& sweep, const ClusterModel& cluster,
                    int group) {
  ModelConfig model = bench_model(what, sweep);
  const auto expert_weights = 3.0 * static_cast<double>(model.hidden * model.expert_hidden) *
                              model.num_experts * model.num_layers / group;
  model.num_experts = 0;
  model.ffn_hidden = 0;
  const double flops = 3.0 * static_cast<double>(what.tokens) *
                       forward_flops_per_token(model, what.top_k, step_vocabulary, what.tokens);
  const auto dense_weights = static_cast<double>(
      model.hidden *
      (step_vocabulary + model.num_layers * std::int64_t{2} *
                             (model.num_heads + model.num_kv_heads) * model.head_dim));
  return flops / (giga * cluster.gflop_per_s) +
         ring_sum_seconds(bytes_of_weight * dense_weights, cluster) +
         update_copies * bytes_of_weight * (dense_weights + expert_weights) /
             (giga * cluster.memory_gb_per_s);
}

}  // namespace switchyard::bench
