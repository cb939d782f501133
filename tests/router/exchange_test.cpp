#include "router/exchange.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "router/ops.h"
#include "tests/rank_test.h"
#include "tests/router/hand_routing.h"

namespace switchyard {
namespace exchange_test {

constexpr int num_experts = 7;
constexpr std::int64_t hidden = 24;

std::vector<float> random_rows(std::int64_t rows, std::uint64_t seed) {
  const Random random(seed, Purpose::init);
  std::vector<float> values(static_cast<std::size_t>(rows * hidden));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  return values;
}

// One rank's side of a dispatch: x [tokens, hidden] is sent to the experts of `hand`.
struct Dispatched {
  Stream stream = Stream::cpu(1);
  Arena arena;
  Plan plan;
  Exchange exchange{test_world()};
  Tensor slots, shard_rows;

  Dispatched(const HandRouting& hand, std::vector<float>& x) {
    make_plan(hand.routing, Placement(num_experts, test_world().size()), test_world(), arena, plan,
              stream);
    const Tensor tokens = tensor_of(x.data(), {std::ssize(x) / hidden, hidden});
    slots = arena.take({plan.num_slots, hidden});
    RouterOps::on(Device::cpu()).gather_rows(tokens, plan.token_of_slot, slots, stream);
    shard_rows = arena.take({plan.num_shard_rows, hidden});
    std::fill_n(shard_rows.as<float>(), shard_rows.size(), NAN);
    exchange.dispatch(slots, plan, shard_rows, arena, stream);
  }
};

std::int64_t tokens_of(int rank) { return 16 * (rank % 3); }  // ranks without tokens among them

// Law 1: combine(dispatch(x)) with identity experts is x, bit for bit, for weights 1/2 + 1/2.
TEST(Exchange, RoundTripWithIdentityExpertsIsTheIdentity) {
  const int rank = test_world().rank();
  const HandRouting hand =
      HandRouting::drawn(tokens_of(rank + 1), num_experts, static_cast<std::uint64_t>(rank));
  std::vector<float> x = random_rows(tokens_of(rank + 1), static_cast<std::uint64_t>(rank) + 50);
  Dispatched sent(hand, x);
  const Tensor returned = sent.arena.take({sent.plan.num_slots, hidden});
  sent.exchange.combine(sent.shard_rows, sent.plan, returned, sent.arena, sent.stream);
  std::vector<float> out(x.size(), NAN);
  RouterOps::on(Device::cpu())
      .sum_choices(returned, hand.routing.weight, sent.plan.slot_of_choice,
                   tensor_of(out.data(), {std::ssize(out) / hidden, hidden}), sent.stream);
  EXPECT_EQ(std::memcmp(out.data(), x.data(), x.size() * sizeof(float)), 0);
}

TEST(Exchange, RowsArriveInOrderOfExpertThenRankThenToken) {
  const int rank = test_world().rank();
  const HandRouting hand = HandRouting::drawn(48, num_experts, static_cast<std::uint64_t>(rank));
  std::vector<float> x(48 * hidden);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(rank * 1000 + static_cast<int>(i) / hidden);
  const Dispatched sent(hand, x);
  const int num_ranks = test_world().size();
  for (std::size_t i = 0; i < sent.plan.segments.size(); ++i) {
    const Segment& segment = sent.plan.segments[i];
    float last = -1.0F;
    for (std::int64_t row = segment.begin; row < segment.begin + segment.rows; ++row) {
      const float value = sent.shard_rows.as<float>()[row * hidden];
      EXPECT_EQ(static_cast<int>(value) / 1000, static_cast<int>(i) % num_ranks);
      EXPECT_GT(value, last);
      last = value;
    }
  }
}

TEST(Exchange, PaddingRowsAreZero) {
  std::vector<float> x = random_rows(48, 9);
  const Dispatched sent(HandRouting::drawn(48, num_experts, 1), x);
  for (const Segment& segment : sent.plan.segments) {
    for (std::int64_t i = (segment.begin + segment.rows) * hidden; i < segment.end() * hidden;
         ++i) {
      ASSERT_EQ(sent.shard_rows.as<float>()[i], 0.0F);
    }
  }
}

// dispatch and combine are transposes of each other: <dispatch(a), b> = <a, combine(b)>.
TEST(Exchange, CombineIsTheTransposeOfDispatch) {
  std::vector<float> x = random_rows(32, 21 + static_cast<std::uint64_t>(test_world().rank()));
  Dispatched sent(HandRouting::drawn(32, num_experts, 4), x);
  const std::vector<float> other = random_rows(sent.plan.num_shard_rows, 33);
  const Tensor b = tensor_of(other.data(), {sent.plan.num_shard_rows, hidden});
  const Tensor back = sent.arena.take({sent.plan.num_slots, hidden});
  sent.exchange.combine(b, sent.plan, back, sent.arena, sent.stream);
  double at_experts = 0.0, at_home = 0.0;
  for (std::int64_t i = 0; i < b.size(); ++i) {
    at_experts += static_cast<double>(sent.shard_rows.as<float>()[i]) *
                  static_cast<double>(other[static_cast<std::size_t>(i)]);
  }
  for (std::int64_t i = 0; i < back.size(); ++i) {
    at_home +=
        static_cast<double>(sent.slots.as<float>()[i]) * static_cast<double>(back.as<float>()[i]);
  }
  EXPECT_NEAR(reduce_one(test_world(), at_experts, Reduce::sum),
              reduce_one(test_world(), at_home, Reduce::sum), 1e-3);
}

}  // namespace exchange_test
}  // namespace switchyard
