// D6: documents that share a row do not see each other, in the whole model and to the last bit.
#include <gtest/gtest.h>

#include "tests/rank_test.h"
#include "tests/train/small_run.h"

namespace switchyard {
namespace documents_test {

// One micro-batch: in each row a document of `first_length` tokens, one that fills most of the
// rest, and a tail without targets, as the loader makes them.
struct PackedBatch {
  PackedBatch(const SmallConfig& config, std::int64_t first_length)
      : sequences(config.train.micro_batch_size), length(config.sequence_length) {
    const std::int64_t tail = length - 3;
    for (std::int64_t i = 0; i < sequences * length; ++i) {
      const std::int64_t at = i % length;
      const std::int64_t start = at < first_length ? 0 : at < tail ? first_length : tail;
      tokens.push_back(static_cast<std::int32_t>((i * 13 + 5) % config.vocabulary));
      targets.push_back(at < tail ? static_cast<std::int32_t>((i * 7 + 2) % config.vocabulary)
                                  : -1);
      positions.push_back(static_cast<std::int32_t>(at - start));
    }
  }
  Batch view(std::int64_t index) {
    const std::int64_t count = sequences * length;
    return {index,
            sequences,
            length,
            tensor_of(tokens.data(), {count}),
            tensor_of(targets.data(), {count}),
            tensor_of(positions.data(), {count})};
  }

  std::int64_t sequences, length;
  std::vector<std::int32_t> tokens, targets, positions;
};

std::vector<std::vector<float>> logits_of(SmallRun& run, const SmallConfig& config,
                                          PackedBatch& batch) {
  std::vector<std::vector<float>> logits;
  run.model().forward(batch.view(test_world().rank()), run.stream());
  for (std::int64_t token = 0; token < batch.sequences * batch.length; ++token) {
    auto& out = logits.emplace_back(static_cast<std::size_t>(config.vocabulary));
    run.model().logits(token, tensor_of(out.data(), {1, config.vocabulary}), run.stream());
  }
  return logits;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(Documents, ChangingOneChangesNoBitOfAnother) {
  SmallConfig config;
  const int degree = largest_divisor(test_world().size(), config.model.num_experts);
  SmallRun run(config, test_world().split(0, test_world().rank()), degree);
  for (const std::int64_t first_length : {1, 9, 16}) {
    PackedBatch batch(config, first_length);
    const auto before = logits_of(run, config, batch);
    for (std::int64_t row = 0; row < batch.sequences; ++row) {
      batch.tokens[static_cast<std::size_t>(row * batch.length)] += 1;
    }
    const auto after = logits_of(run, config, batch);
    for (std::size_t token = 0; token < before.size(); ++token) {
      const bool in_first = static_cast<std::int64_t>(token) % batch.length < first_length;
      EXPECT_EQ(same_bits(before[token], after[token]), !in_first) << "token " << token;
    }
  }
}

// What stands in the tail does not matter to the loss.
TEST(Documents, TailHasNoLoss) {
  SmallConfig config;
  SmallRun run(config, test_world().split(0, test_world().rank()), 1);
  PackedBatch batch(config, 9);
  const auto loss_of = [&] {
    StepSums sums = run.model().empty_sums();
    run.model().forward(batch.view(0), run.stream());
    run.model().evaluate(42, sums, run.stream());
    return sums.loss();
  };
  const std::int64_t before = loss_of();
  EXPECT_GT(before, 0);
  for (std::size_t i = 0; i < batch.tokens.size(); ++i) {
    if (batch.targets[i] < 0) batch.tokens[i] = 3;
  }
  EXPECT_EQ(loss_of(), before);
}

}  // namespace documents_test
}  // namespace switchyard
