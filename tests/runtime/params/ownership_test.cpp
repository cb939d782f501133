#include "runtime/params/ownership.h"

#include <gtest/gtest.h>

#include <numeric>

#include "runtime/params/params.h"

namespace switchyard {
namespace ownership_test {

TEST(Ownership, ReplicasOwnWholeBlocksInOrderAsEvenlyAsTheyDivide) {
  EXPECT_EQ(owned_sizes(7 * param_block, 3),
            (std::vector<std::int64_t>{2 * param_block, 2 * param_block, 3 * param_block}));
  EXPECT_EQ(owned_part(7 * param_block, {1, 3}), (ElementRange{2 * param_block, 4 * param_block}));
}

TEST(Ownership, MoreReplicasThanBlocksLeaveSomeWithNothing) {
  const std::vector<std::int64_t> sizes = owned_sizes(2 * param_block, 5);
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
