#include "train/guard/copies_check.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "runtime/device/trace.h"
#include "train/state/value_hash.h"

namespace switchyard {
namespace {

// The copies' ranks in world that hold other bits of a tensor than most. All of them if no value
// has a majority.
std::vector<int> unlike_most(const std::vector<std::int64_t>& hashes) {
  std::vector<int> unlike, all;
  std::int64_t usual = 0, votes = 0;
  for (const std::int64_t hash : hashes) {
    const std::int64_t count = std::count(hashes.begin(), hashes.end(), hash);
    if (2 * count > std::ssize(hashes)) usual = hash, votes = count;
  }
  for (int copy = 0; copy < static_cast<int>(std::ssize(hashes)); ++copy) {
    all.push_back(copy);
    if (hashes[static_cast<std::size_t>(copy)] != usual) unlike.push_back(copy);
  }
  return votes > 0 ? unlike : all;
}

// Collective over `copies`. The first tensor of the region that differs, in words. world_rank: of
// the first copy, and from one to the next.
std::string describe(const Params& params, bool expert, Comm& copies, int first_rank, int stride,
                     Stream& stream) {
  std::string words;
  for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
    const ParamSpec& spec = params.all()[static_cast<std::size_t>(id)].spec;
    if (spec.expert != expert) continue;
    std::int64_t mine = value_hash(params, params.value(id), stream);
    std::vector<std::int64_t> hashes(static_cast<std::size_t>(copies.size()));
    copies.all_gather(tensor_of(&mine, {1}), tensor_of(hashes.data(), {copies.size()}), stream);
    std::vector<int> ranks = unlike_most(hashes);
    if (ranks.empty() || !words.empty()) continue;
    for (int& rank : ranks) rank = first_rank + rank * stride;
    words = std::ssize(ranks) < copies.size()
                ? fmt::format("rank {} holds other bits of {} than the {} other ranks with copies",
                              fmt::join(ranks, ", "), spec.name, copies.size() - std::ssize(ranks))
                : fmt::format("ranks {} hold different bits of {}, none of them the majority's",
                              fmt::join(ranks, ", "), spec.name);
  }
  return words;
}

}  // namespace

std::string find_unequal_copies(const Params& params, Mesh& mesh, Stream& stream) {
  if (mesh.world->size() == 1) return "";
  const Span span(stream, "compare");
  const std::int64_t experts = value_hash(params, params.flat_values(true), stream);
  std::int64_t of_experts[] = {experts, ~experts};  // the largest, and the complement of the least
  if (mesh.replicas->size() > 1)
    mesh.replicas->all_reduce(tensor_of(of_experts, {2}), Reduce::max, stream);
  const std::int64_t dense = value_hash(params, params.flat_values(false), stream);
  std::int64_t verdict[] = {dense, ~dense, of_experts[0] != ~of_experts[1]};
  mesh.world->all_reduce(tensor_of(verdict, {3}), Reduce::max, stream);
  const bool dense_differs = verdict[0] != ~verdict[1];
  if (!dense_differs && verdict[2] == 0) return "";

  const int degree = mesh.expert_degree();
  const std::string words = dense_differs ? describe(params, false, *mesh.world, 0, 1, stream)
                                          : describe(params, true, *mesh.replicas,
                                                     mesh.world->rank() % degree, degree, stream);
  const std::vector<std::string> all = all_gather_text(*mesh.world, words);
  return *std::find_if(all.begin(), all.end(), [](const auto& text) { return !text.empty(); });
}

}  // namespace switchyard
