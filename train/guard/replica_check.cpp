#include "train/guard/replica_check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "runtime/device/trace.h"
#include "train/replicas.h"
#include "train/state/value_hash.h"

namespace switchyard {
namespace {

// The replicas whose hash differs from that of the majority; all of them if there is none.
std::vector<int> outliers(const std::vector<std::int64_t>& hashes) {
  std::vector<int> outliers, all;
  std::int64_t usual = 0, votes = 0;
  for (const std::int64_t hash : hashes) {
    const std::int64_t count = std::count(hashes.begin(), hashes.end(), hash);
    if (2 * count > std::ssize(hashes)) usual = hash, votes = count;
  }
  for (int replica = 0; replica < static_cast<int>(std::ssize(hashes)); ++replica) {
    all.push_back(replica);
    if (hashes[static_cast<std::size_t>(replica)] != usual) outliers.push_back(replica);
  }
  return votes > 0 ? outliers : all;
}

// The rank in world of a replica of the region.
int world_rank(const ParamRegion& region, const Mesh& mesh, int replica) {
  if (region.axis() == ReplicaAxis::world) return replica;
  return mesh.world->rank() % mesh.expert_degree() + replica * mesh.expert_degree();
}

// Collective over the region's replicas. The first tensor of the region that differs, in words.
std::string describe(const Params& params, const ParamRegion& region, const Mesh& mesh,
                     Stream& stream) {
  Comm& replicas = replicas_of(region, mesh);
  std::string words;
  for (const ParamId id : params.ids_of(region)) {
    std::int64_t mine = value_hash(params, params.stored(id), stream);
    std::vector<std::int64_t> hashes(static_cast<std::size_t>(replicas.size()));
    replicas.all_gather(tensor_of(&mine, {1}), tensor_of(hashes.data(), {replicas.size()}), stream);
    std::vector<int> ranks = outliers(hashes);
    if (ranks.empty() || !words.empty()) continue;
    for (int& rank : ranks) rank = world_rank(region, mesh, rank);
    const std::string& name = params.spec(id).name;
    words = std::ssize(ranks) < replicas.size()
                ? fmt::format("rank {} holds other bits of {} than the {} other replicas",
                              fmt::join(ranks, ", "), name, replicas.size() - std::ssize(ranks))
                : fmt::format("ranks {} hold different bits of {}, none of them the majority's",
                              fmt::join(ranks, ", "), name);
  }
  return words;
}

// The largest hash of some ranks, and the complement of the smallest.
struct HashRange {
  std::int64_t max, not_min;
  bool equal() const { return max == ~not_min; }
};
constexpr HashRange range_of_equal{0, ~std::int64_t{0}}, range_of_unequal{1, ~std::int64_t{0}};

// Collective over the region's replicas, unless they are the world, which is asked for all regions
// at once.
HashRange hash_range(const Params& params, const ParamRegion& region, const Mesh& mesh,
                     Stream& stream) {
  const std::int64_t hash = value_hash(params, region.values(), stream);
  HashRange range{hash, ~hash};
  Comm& replicas = replicas_of(region, mesh);
  if (region.axis() == ReplicaAxis::world) return range;
  if (replicas.size() > 1) replicas.all_reduce(tensor_of(&range.max, {2}), Reduce::max, stream);
  return range.equal() ? range_of_equal : range_of_unequal;
}

}  // namespace

std::string find_unequal_replicas(const Params& params, Mesh& mesh, Stream& stream) {
  if (mesh.world->size() == 1) return "";
  const Span span(stream, "compare");
  std::vector<HashRange> ranges;
  for (const ParamRegion& region : params.regions())
    ranges.push_back(hash_range(params, region, mesh, stream));
  mesh.world->all_reduce(tensor_of(&ranges.front().max, {2 * std::ssize(ranges)}), Reduce::max,
                         stream);
  const auto unequal = std::find_if(ranges.begin(), ranges.end(),
                                    [](const HashRange& range) { return !range.equal(); });
  if (unequal == ranges.end()) return "";

  const ParamRegion& region = params.regions()[static_cast<std::size_t>(unequal - ranges.begin())];
  const std::vector<std::string> all =
      all_gather_text(*mesh.world, describe(params, region, mesh, stream));
  return *std::find_if(all.begin(), all.end(), [](const auto& text) { return !text.empty(); });
}

}  // namespace switchyard
