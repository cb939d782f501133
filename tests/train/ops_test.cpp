#include "train/ops.h"

#include <cmath>

#include "runtime/params/params.h"
#include "runtime/rounding.h"
#include "tests/reference/adamw.h"
#include "tests/reference/gradient.h"

namespace switchyard {
namespace ops_test {

using reference::tensor_of;

constexpr reference::AdamW config = {0.01, 0.9, 0.95, 1e-8, 0.1};

AdamWStep step_of(int step) {
  AdamWStep result;
  result.rate = static_cast<float>(config.rate);
  result.beta1 = static_cast<float>(config.beta1);
  result.beta2 = static_cast<float>(config.beta2);
  result.epsilon = static_cast<float>(config.epsilon);
  result.weight_decay = static_cast<float>(config.weight_decay);
  result.first_correction = static_cast<float>(1.0 / (1.0 - std::pow(config.beta1, step + 1)));
  result.second_correction = static_cast<float>(1.0 / (1.0 - std::pow(config.beta2, step + 1)));
  return result;
}

TEST(TrainOps, AdamwMatchesReferenceOverSteps) {
  constexpr std::int64_t size = 3 * param_block + 5;
  const std::vector<float> start = reference::normals(size, 1);
  std::vector<float> value = start;
  std::vector<float> first(size);
  std::vector<float> second(size);
  std::vector<std::vector<double>> history(size);
  Stream stream = Stream::cpu(2);
  for (int step = 0; step < 5; ++step) {
    std::vector<float> gradient = reference::normals(size, 10 + static_cast<std::uint64_t>(step));
    for (std::size_t i = 0; i < size; ++i) history[i].push_back(gradient[i]);
    TrainOps::on(Device::cpu())
        .adamw({{tensor_of(gradient), step_of(step), tensor_of(value), tensor_of(first),
                 tensor_of(second)}},
               stream);
  }
  std::vector<double> expected;
  for (std::size_t i = 0; i < size; ++i) {
    expected.push_back(reference::adamw(config, start[i], history[i]));
  }
  reference::expect_close(value, expected, 2e-6);
}

TEST(TrainOps, AdamwScalesTheGradient) {
  std::vector<float> gradient = {3.0F};
  std::vector<float> halved = {1.5F};
  std::vector<float> a = {1.0F};
  std::vector<float> b = {1.0F};
  std::vector<float> first_a(1), first_b(1), second_a(1), second_b(1);
  Stream stream = Stream::cpu(1);
  AdamWStep step = step_of(0);
  TrainOps& ops = TrainOps::on(Device::cpu());
  ops.adamw({{tensor_of(halved), step, tensor_of(a), tensor_of(first_a), tensor_of(second_a)}},
            stream);
  step.gradient_factor = 0.5;
  ops.adamw({{tensor_of(gradient), step, tensor_of(b), tensor_of(first_b), tensor_of(second_b)}},
            stream);
  EXPECT_EQ(first_a, first_b);
  EXPECT_EQ(second_a, second_b);
  EXPECT_EQ(a, b);
}

std::vector<std::uint16_t> bf16_of_all(const std::vector<float>& values) {
  std::vector<std::uint16_t> rounded;
  for (const float value : values) rounded.push_back(bf16_of(value));
  return rounded;
}

// The same element many times, each with a chance of its own: a moment of 1 that loses a
// thousandth per step, which rounding to nearest would never see.
TEST(TrainOps, MomentsInBf16AreRightOnAverage) {
  constexpr std::int64_t size = 4 * param_block;
  std::vector<float> gradient(size, 0.0F), value(size, 0.0F);
  std::vector<std::uint16_t> first = bf16_of_all(std::vector<float>(size, 1.0F)), second = first;
  Stream stream = Stream::cpu(2);
  AdamWStep step;
  step.beta1 = step.beta2 = 0.999F;
  for (int i = 0; i < 100; ++i) {
    step.rounding_key = static_cast<std::uint64_t>(i) * 0x9E3779B97F4A7C15ULL;
    TrainOps::on(Device::cpu())
        .adamw({{tensor_of(gradient), step, tensor_of(value), tensor_of(first), tensor_of(second)}},
               stream);
  }
  for (const std::vector<std::uint16_t>* moment : {&first, &second}) {
    double mean = 0.0;
    for (const std::uint16_t each : *moment) mean += value_of_bf16(each) / double{size};
    EXPECT_NEAR(mean, std::pow(0.999, 100), 2e-3);  // the mean's deviation is 3e-4
  }
}

TEST(TrainOps, MomentsInBf16RoundAlikeInAnySplit) {
  constexpr std::int64_t size = 3 * param_block, begin = param_block;
  std::vector<float> gradient = reference::normals(size, 3);
  std::vector<float> whole(size, 1.0F), part(size, 1.0F);
  std::vector<std::uint16_t> first = bf16_of_all(reference::normals(size, 4)),
                             second = bf16_of_all(std::vector<float>(size, 0.1F)),
                             part_first = first, part_second = second;
  AdamWStep step = step_of(3);
  step.rounding_key = 5;
  Stream stream = Stream::cpu(2);
  TrainOps& ops = TrainOps::on(Device::cpu());
  ops.adamw({{tensor_of(gradient), step, tensor_of(whole), tensor_of(first), tensor_of(second)}},
            stream);
  for (const auto& [from, to] : {std::pair(std::int64_t{0}, begin), std::pair(begin, size)}) {
    step.first_element = from;
    ops.adamw({{tensor_of(gradient).range(from, to), step, tensor_of(part).range(from, to),
                tensor_of(part_first).range(from, to), tensor_of(part_second).range(from, to)}},
              stream);
  }
  EXPECT_EQ(whole, part);
  EXPECT_EQ(first, part_first);
  EXPECT_EQ(second, part_second);
}

TEST(TrainOps, SumSquaresIsExactPerBlock) {
  std::vector<float> x(2 * param_block + 3, 3.0F);
  x[0] = 1e-20F;
  std::vector<double> out(3);
  Stream stream = Stream::cpu(2);
  TrainOps::on(Device::cpu()).sum_squares(tensor_of(x), 1.0, tensor_of(out), stream);
  EXPECT_DOUBLE_EQ(out[0], 9.0 * (param_block - 1));
  EXPECT_EQ(out[1], 9.0 * param_block);
  EXPECT_EQ(out[2], 27.0);
}

TEST(TrainOps, SumSquaresDoesNotUnderflow) {
  std::vector<float> x = {1e-30F};
  std::vector<double> out(1);
  Stream stream = Stream::cpu(1);
  TrainOps::on(Device::cpu()).sum_squares(tensor_of(x), 1.0, tensor_of(out), stream);
  EXPECT_NEAR(out[0], 1e-60, 1e-66);
}

TEST(TrainOps, MissingCudaKernelsAreAUsageError) {
  try {
    TrainOps::on({Device::Kind::cuda, 0});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
  }
}

}  // namespace ops_test
}  // namespace switchyard
