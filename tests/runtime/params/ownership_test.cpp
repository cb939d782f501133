#include "runtime/params/ownership.h"

#include <gtest/gtest.h>

#include <numeric>

#include "runtime/params/params.h"

namespace switchyard {
namespace ownership_test {

std::vector<std::int64_t> sizes_of(std::int64_t blocks, int num_replicas) {
  ParamRegion region(ReplicaAxis::world);
  region.append(blocks * param_block);
  region.allocate({0, num_replicas}, Device::cpu());
  return region.owned_sizes();
}

TEST(Ownership, ReplicasOwnWholeBlocksInOrderAsEvenlyAsTheyDivide) {
  EXPECT_EQ(sizes_of(7, 3),
            (std::vector<std::int64_t>{2 * param_block, 2 * param_block, 3 * param_block}));
  EXPECT_EQ(owned_part(7 * param_block, {1, 3}), (ElementRange{2 * param_block, 4 * param_block}));
}

TEST(Ownership, MoreReplicasThanBlocksLeaveSomeWithNothing) {
  const std::vector<std::int64_t> sizes = sizes_of(2, 5);
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}), 2 * param_block);
  EXPECT_EQ(std::count(sizes.begin(), sizes.end(), 0), 3);
}

// Two dense parameters and one expert, as one of three replicas of the dense ones and of two of the
// expert sees them.
Params as_seen_by(int dense, int expert) {
  Params params;
  params.declare({.name = "table", .shape = {3, param_block}});
  params.declare({.name = "norm", .shape = {48}});
  params.declare({.shape = {2, param_block}, .expert = ExpertPart{"layer0", 0, "up"}});
  params.allocate(
      {.format = fixed_point_for(1024, 1), .dense = {dense, 3}, .experts = {expert, 2}});
  return params;
}

TEST(Ownership, EachElementOfAParameterHasOneOwner) {
  const Params params = as_seen_by(0, 0);
  for (const ParamId id : {0, 1}) {
    std::int64_t next = 0;
    for (int replica = 0; replica < 3; ++replica) {
      const ElementRange part = params.owned(id, replica);
      if (part.size() == 0) continue;
      EXPECT_EQ(part.begin, next);
      next = part.end;
    }
    EXPECT_EQ(next, params.value(id).size());
  }
  EXPECT_EQ(params.owned(2, 0), (ElementRange{0, param_block}));
  EXPECT_EQ(params.owned(2, 1), (ElementRange{param_block, 2 * param_block}));
}

TEST(Ownership, MomentsExistForWhatTheRankOwns) {
  const Params params = as_seen_by(2, 1);  // of four dense blocks the last two
  EXPECT_EQ(params.owned(0), (ElementRange{2 * param_block, 3 * param_block}));
  EXPECT_EQ(params.first_moment(0).size(), param_block);
  EXPECT_EQ(params.first_moment(1).size(), 48);
  EXPECT_EQ(params.first_moment(1).as<float>(), params.first_moment(0).as<float>() + param_block);
  EXPECT_EQ(params.first_moment(2).size(), param_block);
  EXPECT_EQ(as_seen_by(0, 0).first_moment(1).size(), 0);
}

TEST(Ownership, TheMostExpensiveGoFirstEachToTheReplicaWithTheLeast) {
  EXPECT_EQ(whole_owners(std::vector<double>{3, 9, 4, 4, 9}, 3), (std::vector<int>{2, 0, 2, 2, 1}));
  EXPECT_EQ(whole_owners(std::vector<double>{1, 1}, 4), (std::vector<int>{0, 1}));
}

// Three matrices, of which two are updated whole and keep one small part, and a norm.
TEST(Ownership, AWholeParameterHasOneOwnerWhoKeepsItsState) {
  std::int64_t kept = 0;
  for (int replica = 0; replica < 2; ++replica) {
    Params params({}, {}, {}, [](const ParamSpec& spec) {
      if (spec.name == "norm" || spec.name == "head") return adamw_state(spec);
      return ParamState{.parts = {Shape{3, 5}}, .whole = true, .cost = 1.0};
    });
    for (const char* name : {"a", "head", "b"}) params.declare({.name = name, .shape = {70, 100}});
    params.declare({.name = "norm", .shape = {48}});
    params.allocate({.format = fixed_point_for(1024, 1), .dense = {replica, 2}});
    for (const ParamId id : {0, 2}) {
      EXPECT_EQ(params.owned(id, 0).size() + params.owned(id, 1).size(), 7000);
      EXPECT_EQ(params.owned(id, 0).size() * params.owned(id, 1).size(), 0);
      EXPECT_EQ(params.first_moment(id).size(), params.owned(id).size() > 0 ? 15 : 0);
      EXPECT_TRUE(params.second_moment(id).empty());
      kept += params.first_moment(id).size();
    }
    EXPECT_EQ(params.first_moment(1).size(), params.owned(1).size());
    EXPECT_EQ(params.value(0).data == params.value(2).data, false);
  }
  EXPECT_EQ(kept, 2 * 15);
}

TEST(Ownership, OwnedBlocksAreThoseOfTheOwnedElements) {
  const Params params = as_seen_by(2, 1);
  std::vector<std::pair<ParamId, ElementRange>> blocks;
  for (const ParamBlock& block : params.owned_blocks())
    blocks.emplace_back(block.id, block.elements);
  EXPECT_EQ(blocks,
            (std::vector<std::pair<ParamId, ElementRange>>{{0, {2 * param_block, 3 * param_block}},
                                                           {1, {0, 48}},
                                                           {2, {param_block, 2 * param_block}}}));
}

}  // namespace ownership_test
}  // namespace switchyard
