#include "runtime/params/params.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/params/rounded_values.h"
#include "runtime/random.h"

namespace switchyard {
namespace params_test {

ParamSpec expert_spec(int expert, Shape shape) {
  return {.shape = shape, .init_std = 0.1, .expert = ExpertPart{"layer0", expert, "up"}};
}

// Two dense parameters and two experts, of sizes around a block.
Params small_params(bool exact, ParamUse use = ParamUse::training) {
  Params params;
  params.declare({.name = "embedding", .shape = {100, 48}, .init_std = 0.02});
  params.declare({.name = "norm", .shape = {48}, .init_value = 1.0F, .decays = false});
  params.declare(expert_spec(0, {64, 64}));
  params.declare(expert_spec(1, {64, 65}));
  params.allocate({.use = use, .exact = exact, .format = fixed_point_for(1024, 64)});
  return params;
}

std::vector<float> values_of(const Params& params, const char* name) {
  const Tensor value = params.value(params.find(name));
  return {value.as<float>(), value.as<float>() + value.size()};
}

Buffer random_matrix(Shape shape, std::uint64_t seed, double size = 1.0) {
  Buffer buffer(shape, DType::f32);
  const Random random(seed, Purpose::sampling);
  for (std::int64_t i = 0; i < shape.size(); ++i) {
    buffer.tensor().as<float>()[i] = static_cast<float>(random.normal(i) * size);
  }
  return buffer;
}

std::vector<float> gradient_of(const Params& params, ParamId id, Stream& stream) {
  std::vector<float> out(static_cast<std::size_t>(params.value(id).size()));
  params.read_gradient(id, tensor_of(out.data(), {std::ssize(out)}), stream);
  return out;
}

TEST(Params, BlocksNeverSpanTwoTensors) {
  const Params params = small_params(true);
  const std::vector<std::int64_t> expected = {0, 8192, 0, 4096};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(params.all()[i].offset, expected[i]);
}

TEST(Params, ARegionHoldsWhatTheSameRanksHold) {
  const Params params = small_params(false);
  const ParamRegion& dense = params.region_of(0);
  const ParamRegion& experts = params.region_of(2);
  EXPECT_EQ(dense.axis(), ReplicaAxis::world);
  EXPECT_EQ(experts.axis(), ReplicaAxis::replicas);
  EXPECT_EQ(params.ids_of(dense), (std::vector<ParamId>{0, 1}));
  EXPECT_EQ(params.ids_of(experts), (std::vector<ParamId>{2, 3}));
  for (const Tensor flat :
       {dense.values(), dense.gradients(), dense.state(StatePart::first_moment)})
    EXPECT_EQ(flat.size(), 12288);
  EXPECT_EQ(experts.gradients().size(), 4096 + 8192);
  EXPECT_EQ(params.gradient(3).as<float>(), experts.gradients().as<float>() + 4096);
}

TEST(Params, DenseParametersMayBeDeclaredAfterExperts) {
  Params params;
  params.declare(expert_spec(0, {64, 64}));
  const ParamId norm = params.declare({.name = "norm", .shape = {48}});
  params.allocate({.exact = false});
  EXPECT_EQ(params.value(norm).as<float>(), params.region_of(norm).values().as<float>());
}

TEST(Params, AnotherExpertTakesTheNameOfItsPart) {
  Params params = small_params(true);
  EXPECT_EQ(params.spec(3).name, "layer0.expert1.up");
  params.host_expert(3, "layer0", 17, true);
  EXPECT_EQ(params.find("layer0.expert17.up"), 3);
  EXPECT_EQ(params.find("layer0.expert1.up"), -1);
  EXPECT_TRUE(params.spec(3).extra_copy);
  EXPECT_THROW(params.host_expert(0, "layer0", 17, true), Error);
}

TEST(Params, ForInferenceThereAreValuesAlone) {
  Params params = small_params(true, ParamUse::inference);
  EXPECT_EQ(params.bytes(), (12288 + 12288) * 4);
  for (const ParamRegion& region : params.regions()) {
    EXPECT_FALSE(region.trained());
    EXPECT_TRUE(region.gradients().empty());
    for (const StatePart part : all_state_parts) EXPECT_TRUE(region.state(part).empty());
  }
  Stream stream = Stream::cpu(1);
  EXPECT_THROW(params.gradient(0), Error);
  EXPECT_THROW(params.zero_gradients(stream), Error);
  EXPECT_THROW(params.add_gradient(1, Buffer({48}, DType::f32), stream), Error);
  EXPECT_TRUE(params.owned_blocks().empty());
}

TEST(Params, ValuesThatNobodySetAreNotUsed) {
  Stream stream = Stream::cpu(1);
  Params params = small_params(true);
  EXPECT_THROW(RoundedValues(params, stream), Error);
  params.initialize(1);
  EXPECT_NO_THROW(RoundedValues(params, stream));
  Params loaded = small_params(true);
  loaded.mark_loaded();
  EXPECT_NO_THROW(RoundedValues(loaded, stream));
}

TEST(Params, NamesAreUnique) {
  Params params;
  params.declare({.name = "twice", .shape = {1}});
  EXPECT_THROW(params.declare({.name = "twice", .shape = {1}}), Error);
}

TEST(Params, NothingIsDeclaredAfterAllocation) {
  Params params = small_params(true);
  EXPECT_THROW(params.declare(expert_spec(7, {1})), Error);
}

TEST(Params, FindsByName) {
  const Params params = small_params(true);
  EXPECT_EQ(params.find("norm"), 1);
  EXPECT_EQ(params.find("layer0.expert7.up"), -1);
}

TEST(Params, ViewsHaveTheirShape) {
  const Params params = small_params(true);
  EXPECT_EQ(params.value(3).shape, Shape({64, 65}));
  EXPECT_NE(params.first_moment(3).data, params.second_moment(3).data);
  EXPECT_THROW(params.value(4), Error);
  EXPECT_THROW(params.value(-1), Error);
}

TEST(Params, CountsElementsWithoutPadding) {
  const Params params = small_params(true);
  EXPECT_EQ(params.num_elements(), 4800 + 48 + 4096 + 4160);
}

TEST(Params, CountsTheBytesOfAllBuffers) {
  constexpr std::int64_t padded = 24576;
  EXPECT_EQ(small_params(true).bytes(), padded * (4 + 8 + 4 + 4) + 4800 * 4);
  EXPECT_EQ(small_params(false).bytes(), padded * (4 + 4 + 4 + 4));
}

TEST(Params, InitialValuesDependOnNameAndSeedAlone) {
  Params all = small_params(true), one;
  one.declare(expert_spec(1, {64, 65}));
  one.allocate({.exact = false});
  all.initialize(7);
  one.initialize(7);
  EXPECT_EQ(values_of(one, "layer0.expert1.up"), values_of(all, "layer0.expert1.up"));
  const auto before = values_of(all, "layer0.expert1.up");
  all.initialize(8);
  EXPECT_NE(values_of(all, "layer0.expert1.up"), before);
  const auto other = values_of(all, "layer0.expert0.up");
  EXPECT_FALSE(std::equal(other.begin(), other.end(), values_of(all, "layer0.expert1.up").begin()));
}

TEST(Params, InitialValuesHaveTheirDeviation) {
  Params params = small_params(true);
  params.initialize(3);
  double squares = 0.0;
  for (const float x : values_of(params, "embedding")) squares += static_cast<double>(x) * x;
  EXPECT_NEAR(std::sqrt(squares / 4800), 0.02, 0.02 * 0.05);
  EXPECT_EQ(values_of(params, "norm"), std::vector<float>(48, 1.0F));
}

class ParamsGradient : public testing::TestWithParam<bool> {
 protected:
  Stream stream_ = Stream::cpu(2);
};

TEST_P(ParamsGradient, ProductIsAddedToWhatIsThere) {
  Params params = small_params(GetParam());
  const Buffer a = random_matrix({32, 100}, 1), b = random_matrix({32, 48}, 2);
  params.add_gradient_product(0, a, b, stream_);
  params.add_gradient_product(0, a, b, stream_);
  const auto gradient = gradient_of(params, 0, stream_);
  for (std::int64_t row = 0; row < 100; ++row) {
    for (std::int64_t col = 0; col < 48; ++col) {
      double sum = 0.0;
      for (std::int64_t i = 0; i < 32; ++i) {
        sum += static_cast<double>(a.tensor().as<float>()[i * 100 + row]) *
               static_cast<double>(b.tensor().as<float>()[i * 48 + col]);
      }
      EXPECT_NEAR(gradient[row * 48 + col], 2 * sum, 2e-5);
    }
  }
}

TEST_P(ParamsGradient, ProductOfNoRowsAddsNothing) {
  Params params = small_params(GetParam());
  params.add_gradient(0, random_matrix({100, 48}, 1), stream_);
  const auto before = gradient_of(params, 0, stream_);
  params.add_gradient_product(0, Buffer({0, 100}, DType::f32), Buffer({0, 48}, DType::f32),
                              stream_);
  EXPECT_EQ(gradient_of(params, 0, stream_), before);
}

TEST_P(ParamsGradient, NeighboursAreLeftAlone) {
  Params params = small_params(GetParam());
  params.add_gradient(2, random_matrix({64, 64}, 1), stream_);
  EXPECT_EQ(gradient_of(params, 1, stream_), std::vector<float>(48));
  EXPECT_EQ(gradient_of(params, 3, stream_), std::vector<float>(4160));
}

TEST_P(ParamsGradient, ZeroClearsAllOfThem) {
  Params params = small_params(GetParam());
  for (ParamId id = 0; id < 4; ++id) {
    params.add_gradient(id, random_matrix(params.value(id).shape, 1), stream_);
  }
  params.zero_gradients(stream_);
  for (ParamId id = 0; id < 4; ++id) {
    const auto gradient = gradient_of(params, id, stream_);
    EXPECT_EQ(gradient, std::vector<float>(gradient.size()));
  }
}

TEST_P(ParamsGradient, RefusesAnotherSize) {
  Params params = small_params(GetParam());
  EXPECT_THROW(params.add_gradient(1, random_matrix({49}, 1), stream_), Error);
  const Buffer out({47}, DType::f32);
  EXPECT_THROW(params.read_gradient(1, out, stream_), Error);
}

INSTANTIATE_TEST_SUITE_P(Modes, ParamsGradient, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Exact" : "Fast"; });

// A weight gradient as seen by ranks that got its micro-batches in different orders.
TEST(ParamsExact, OrderOfAddendsDoesNotMatter) {
  Stream one = Stream::cpu(1), two = Stream::cpu(2);
  Params forth = small_params(true), back = small_params(true);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const std::uint64_t j = 19 - i;
    forth.add_gradient_product(3, random_matrix({16, 64}, i, 1e-3), random_matrix({16, 65}, 50 + i),
                               one);
    back.add_gradient_product(3, random_matrix({16, 64}, j, 1e-3), random_matrix({16, 65}, 50 + j),
                              two);
  }
  EXPECT_EQ(gradient_of(forth, 3, one), gradient_of(back, 3, one));
}

TEST(ParamsExact, ReadsBackWithinItsResolution) {
  Stream stream = Stream::cpu(1);
  Params params = small_params(true);
  const Buffer gradient = random_matrix({48}, 1, 1e-3);
  params.add_gradient(1, gradient, stream);
  const auto read = gradient_of(params, 1, stream);
  for (std::size_t i = 0; i < 48; ++i) {
    EXPECT_NEAR(read[i], gradient.tensor().as<float>()[i], 0x1p-41);
  }
}

TEST(ParamsExact, OverflowIsRememberedUntilZeroed) {
  Stream stream = Stream::cpu(1);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1e10F}) {
    Params params = small_params(true);
    EXPECT_FALSE(params.gradient_overflow(stream));
    Buffer gradient = random_matrix({48}, 1);
    params.add_gradient(1, gradient, stream);
    EXPECT_FALSE(params.gradient_overflow(stream));
    gradient.tensor().as<float>()[40] = bad;
    params.add_gradient(1, gradient, stream);
    params.add_gradient(2, random_matrix({64, 64}, 1), stream);
    EXPECT_TRUE(params.gradient_overflow(stream));
    params.zero_gradients(stream);
    EXPECT_FALSE(params.gradient_overflow(stream));
  }
}

}  // namespace params_test
}  // namespace switchyard
