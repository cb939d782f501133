#include "launch/bench/predict/cluster_model.h"

#include <algorithm>
#include <vector>

#include "io/files/durable.h"
#include "launch/config/config_values.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr std::int64_t max_model_bytes = 1 << 16;
constexpr double mib = 1 << 20;
constexpr Range positive{1e-6, 1e9};
constexpr std::int64_t max_ranks = 1 << 20;

std::vector<ConfigKey> model_keys(ClusterModel& model) {
  return {{"nodes", &model.nodes, Range{1, 1 << 20}, Resume::free, ""},
          {"ranks_per_node", &model.ranks_per_node, Range{1, 4096}, Resume::free, ""},
          {"node_latency_us", &model.node_latency_us, Range{0, 1e6}, Resume::free, ""},
          {"node_gb_per_s", &model.node_gb_per_s, positive, Resume::free, ""},
          {"link_latency_us", &model.link_latency_us, Range{0, 1e6}, Resume::free, ""},
          {"link_gb_per_s", &model.link_gb_per_s, positive, Resume::free, ""},
          {"rails", &model.rails, Range{1, 4096}, Resume::free, ""},
          {"message_gap_us", &model.message_gap_us, Range{0, 1e6}, Resume::free, ""},
          {"memory_gb_per_s", &model.memory_gb_per_s, positive, Resume::free, ""},
          {"gflop_per_s", &model.gflop_per_s, positive, Resume::free, ""},
          {"fence_us", &model.fence_us, Range{0, 1e6}, Resume::free, ""},
          {"shared_memory_packing", &model.shared_memory_packing, positive, Resume::free, ""},
          {"hierarchical_packing", &model.hierarchical_packing, positive, Resume::free, ""},
          {"bf16_packing", &model.bf16_packing, positive, Resume::free, ""},
          {"int8_packing", &model.int8_packing, positive, Resume::free, ""},
          {"packing_cached", &model.packing_cached, positive, Resume::free, ""},
          {"cache_mib", &model.cache_mib, positive, Resume::free, ""}};
}

void apply(ClusterModel& model, const toml::table& table, const std::string& name) {
  const std::vector<ConfigKey> keys = model_keys(model);
  for (const auto& [key, node] : table) {
    const std::string where = fmt::format("{}, line {}", name, node.source().begin.line);
    const auto known = std::find_if(keys.begin(), keys.end(),
                                    [&](const ConfigKey& k) { return k.name == key.str(); });
    require(known != keys.end(), Exit::usage, "{}: unknown key {}; did you mean {}?", where,
            std::string(key.str()), nearest_key(keys, key.str()));
    set_value(*known, node, where);
  }
  const auto is_assumed = [&](const ConfigKey& key) {  // others stay as models of before have them
    return !table.contains(key.name) && key.name != "fence_us" && !key.name.ends_with("_packing") &&
           key.name != "packing_cached" && key.name != "cache_mib";
  };
  for (const ConfigKey& key : keys) {
    if (is_assumed(key)) model.assumed.push_back(fmt::format("{} = {}", key.name, value_text(key)));
  }
  require(std::int64_t{model.nodes} * model.ranks_per_node <= max_ranks, Exit::usage,
          "{}: nodes = {} of ranks_per_node = {} are more than {} ranks", name, model.nodes,
          model.ranks_per_node, max_ranks);
}

}  // namespace

ClusterModel ClusterModel::part_of(int group) const {
  ClusterModel part = *this;
  part.nodes = (group + ranks_per_node - 1) / ranks_per_node;
  part.ranks_per_node = (group + part.nodes - 1) / part.nodes;
  return part;
}

double ClusterModel::packing_factor(const std::string& exchange, Payload payload) const {
  const double of_exchange = exchange == "shared_memory"  ? shared_memory_packing
                             : exchange == "hierarchical" ? hierarchical_packing
                                                          : 1.0;
  return of_exchange * (payload == Payload::bf16   ? bf16_packing
                        : payload == Payload::int8 ? int8_packing
                                                   : 1.0);
}

double ClusterModel::held_by_caches(double bytes) const {
  const double caches = bytes / (mib * cache_mib);
  return 1.0 / (1.0 + caches * caches);
}

std::string print_cluster_model(const ClusterModel& model) {
  ClusterModel copy = model;
  std::string text;
  for (const ConfigKey& key : model_keys(copy))
    text += fmt::format("{} = {}\n", key.name, value_text(key));
  return text;
}

ClusterModel parse_cluster_model(const std::string& toml, const std::string& name) {
  ClusterModel model;
  try {
    apply(model, toml::parse(toml), name);
  } catch (const toml::parse_error& error) {
    fail(Exit::usage, "{}, line {}: {}", name, error.source().begin.line, error.description());
  }
  return model;
}

ClusterModel read_cluster_model(const std::filesystem::path& path) {
  require(std::filesystem::is_regular_file(path), Exit::usage, "there is no cluster model {}",
          path.string());
  return parse_cluster_model(durable::read_file(path, max_model_bytes), path.string());
}

}  // namespace switchyard::bench
