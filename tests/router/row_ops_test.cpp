#include "router/row_ops.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/random.h"

namespace switchyard {
namespace row_ops_test {

std::vector<float> random_rows(std::int64_t count) {
  const Random random(5, Purpose::init);
  std::vector<float> rows(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = static_cast<float>(2.0 * random.normal(i));
  return rows;
}

TEST(RowOps, DotChoicesIsTheGradientOfSumChoicesByWeight) {
  const std::int64_t hidden = 20;
  std::vector<float> slots = random_rows(5 * hidden), d_out = random_rows(3 * hidden), d_weight(6);
  std::vector<std::int32_t> slot_of_choice = {3, 1, 0, -1, 4, 2};
  Stream stream = Stream::cpu(1);
  RowOps::on(Device::cpu())
      .dot_choices(tensor_of(d_out.data(), {3, hidden}), tensor_of(slots.data(), {5, hidden}),
                   tensor_of(slot_of_choice.data(), {3, 2}), tensor_of(d_weight.data(), {3, 2}),
                   stream);
  for (std::size_t pair = 0; pair < 6; ++pair) {
    double dot = 0.0;
    for (std::int64_t i = 0; i < hidden && slot_of_choice[pair] >= 0; ++i) {
      dot +=
          static_cast<double>(d_out[pair / 2 * hidden + static_cast<std::size_t>(i)]) *
          static_cast<double>(slots[static_cast<std::size_t>(slot_of_choice[pair] * hidden + i)]);
    }
    EXPECT_NEAR(static_cast<double>(d_weight[pair]), dot, 1e-4);
  }
}

// A token whose choices were all dropped gets nothing; one that kept a choice, that one alone.
TEST(RowOps, DroppedChoicesAddNothing) {
  std::vector<float> slots = {1, 2, 3, 4}, weight = {9, 0.5F, 9, 9}, out(4, NAN);
  std::vector<std::int32_t> slot_of_choice = {-1, 1, -1, -1};
  Stream stream = Stream::cpu(1);
  RowOps& ops = RowOps::on(Device::cpu());
  const Tensor slot = tensor_of(slot_of_choice.data(), {2, 2}),
               w = tensor_of(weight.data(), {2, 2}), x = tensor_of(out.data(), {2, 2});
  ops.sum_choices(tensor_of(slots.data(), {2, 2}), w, slot, x, stream);
  EXPECT_EQ(out, (std::vector<float>{1.5F, 2, 0, 0}));
}

}  // namespace row_ops_test
}  // namespace switchyard
