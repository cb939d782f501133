#include "launch/plan/replica_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/params/ownership.h"
#include "runtime/params/param_region.h"
#include "tests/faulty_comm.h"
#include "tests/rank_test.h"

namespace switchyard::plan {
namespace replica_rates_test {

RunShape shape_of(const std::string& expert_degree, bool exact) {
  Config config;
  config.data.sequence_length = 64;
  config.model = {.hidden = 64,
                  .num_layers = 2,
                  .num_heads = 4,
                  .num_kv_heads = 2,
                  .head_dim = 16,
                  .num_experts = 4,
                  .expert_hidden = 64};
  config.train.global_batch_size = 32;
  config.train.micro_batch_size = 2;
  config.train.exact = exact;
  config.parallel.experts = expert_degree;
  return run_shape(config, 260, test_world().size(), test_world().size(), 1);
}

// The sizes of the tensors that are reduced, each once.
struct Reduced {
  std::vector<std::int64_t> elements;
  DType dtype = DType::u8;
  ReplicaRates rates;

  Reduced(const RunShape& shape, std::int64_t max_elements) {
    Stream stream = Stream::cpu(1);
    Mesh mesh = make_mesh(
        std::make_unique<FaultyComm>(test_world().split(0, test_world().rank()),
                                     [this](Struck, Tensor tensor) {
                                       dtype = tensor.dtype;
                                       if (elements.empty() || elements.back() != tensor.size())
                                         elements.push_back(tensor.size());
                                     }),
        shape.expert_degree);
    rates = measure_replica_rates(shape, max_elements, mesh, stream);
  }
};

constexpr std::int64_t no_limit = std::int64_t{1} << 40;

TEST(ReplicaRates, SumsWhatTheRunSums) {
  const RunShape shape = shape_of("1", true);  // every rank hosts every expert
  const Reduced reduced(shape, no_limit);
  if (test_world().size() == 1) {
    EXPECT_THAT(reduced.elements, testing::IsEmpty());
    EXPECT_EQ(reduced.rates.reduce + reduced.rates.gather, 0.0);
    return;
  }
  EXPECT_THAT(reduced.elements, testing::ElementsAre(in_blocks(shape.trained_dense_elements()),
                                                     in_blocks(shape.trained_expert_elements())));
  EXPECT_EQ(reduced.dtype, DType::i64);
  EXPECT_GT(reduced.rates.reduce, 0.0);
  EXPECT_GT(reduced.rates.gather, 0.0);
  EXPECT_EQ(reduce_one(test_world(), reduced.rates.reduce, Reduce::max), reduced.rates.reduce);
  EXPECT_EQ(reduce_one(test_world(), reduced.rates.gather, Reduce::max), reduced.rates.gather);
}

TEST(ReplicaRates, ExpertsOfOneReplicaAreNotSummed) {
  const RunShape shape = shape_of("auto", false);
  const Reduced reduced(shape, 2 * param_block);
  if (test_world().size() == 1) return;
  EXPECT_THAT(reduced.elements, testing::ElementsAre(2 * param_block));  // at most
  EXPECT_EQ(reduced.dtype, DType::f32);
}

}  // namespace replica_rates_test
}  // namespace switchyard::plan
