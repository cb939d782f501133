// SelfAttention with every part on, against its formulas in double: the output, and the gradients
// of the input and of every parameter by finite differences.
#include "model/attention/self_attention.h"

#include <map>

#include "tests/reference/attention.h"
#include "tests/reference/gradient.h"

namespace switchyard {
namespace self_attention_test {

using Doubles = std::vector<double>;
using Values = std::map<std::string, Doubles>;  // by parameter; "x" is the input

constexpr std::int64_t tokens = 64, sequence = 32;

ModelConfig plain() {
  return {.hidden = 24,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_dim = 6,
          .qk_norm = QkNorm::none,
          .rope_base = 50.0F,
          .norm_epsilon = 1e-2F,
          .init_std = 0.3};
}

std::vector<std::int32_t> positions() {
  std::vector<std::int32_t> result;
  for (int t = 0; t < tokens; ++t) result.push_back(static_cast<int>(t % sequence % 23));
  return result;
}

// y = x W^T + b. x: [tokens, in].
Doubles linear(const Values& values, const Doubles& x, const std::string& name) {
  const Doubles& weight = values.at(name);
  const std::size_t in = x.size() / tokens, out = weight.size() / in;
  Doubles y(tokens * out, 0.0);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t o = 0; o < out; ++o) {
      for (std::size_t i = 0; i < in; ++i) y[t * out + o] += weight[o * in + i] * x[t * in + i];
      if (values.contains(name + "_bias")) y[t * out + o] += values.at(name + "_bias")[o];
    }
  }
  return y;
}

void normalize(Doubles& x, const Doubles& weight, double epsilon) {
  const std::size_t n = weight.size();
  for (std::size_t row = 0; row < x.size(); row += n) {
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) squares += x[row + i] * x[row + i];
    const double scale = 1.0 / std::sqrt(squares / static_cast<double>(n) + epsilon);
    for (std::size_t i = 0; i < n; ++i) x[row + i] *= scale * weight[i];
  }
}

void rotate(Doubles& x, std::size_t dim, const Doubles& frequency, double factor) {
  const std::size_t half = dim / 2, each = x.size() / tokens;
  const std::vector<std::int32_t> position = positions();
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t head = t * each; head < (t + 1) * each; head += dim) {
      for (std::size_t i = 0; i < half; ++i) {
        const double angle = position[t] * frequency[i], a = x[head + i], b = x[head + half + i];
        x[head + i] = factor * (a * std::cos(angle) - b * std::sin(angle));
        x[head + half + i] = factor * (b * std::cos(angle) + a * std::sin(angle));
      }
    }
  }
}

// The layer by its formulas. window: 0 without one.
Doubles forward(const Values& values, const ModelConfig& config, std::int64_t window) {
  const Doubles frequency = rope_frequencies(config.head_dim, config.rope_base, config.rope);
  const auto turned = [&](const std::string& part) {
    Doubles x = linear(values, values.at("x"), part);
    if (values.contains(part + "_norm"))
      normalize(x, values.at(part + "_norm"), static_cast<double>(config.norm_epsilon));
    rotate(x, static_cast<std::size_t>(config.head_dim), frequency,
           rope_attention_factor(config.rope));
    return x;
  };
  std::vector<std::int32_t> reach = positions();
  for (std::int32_t& each : reach) {
    if (window > 0) each = std::min(each, static_cast<std::int32_t>(window - 1));
  }
  const AttentionShape shape{tokens / sequence, sequence, config.num_heads, config.num_kv_heads,
                             config.head_dim};
  return linear(values,
                reference::attention(turned("a.q"), turned("a.k"),
                                     linear(values, values.at("x"), "a.v"), reach, shape),
                "a.o");
}

// A layer with made-up values, and a pass forward and backward through it.
struct Layer {
  explicit Layer(const ModelConfig& model_config, int layer = 0)
      : config(model_config),
        table(sequence, config.head_dim, config.rope_base, Device::cpu(), config.rope),
        attention(params, "a", layer, config, table) {
    params.allocate({.format = fixed_point_for(tokens, 1)});
    params.initialize(3);
    for (ParamId id = 0; id < params.num_params(); ++id) {
      const ParamSpec& spec = params.spec(id);
      const std::vector<float> more =
          reference::normals(spec.shape.size(), 40 + static_cast<std::uint64_t>(id), 0.3);
      for (std::int64_t i = 0; i < spec.shape.size() && spec.init_std == 0.0; ++i)
        params.value(id).as<float>()[i] += more[static_cast<std::size_t>(i)];
      const float* value = params.value(id).as<float>();
      values[spec.name] = Doubles(value, value + spec.shape.size());
    }
    values["x"] = reference::widened(x);
    run(window_of(config, layer));
  }

  void run(std::int64_t window) {
    std::vector<std::int32_t> position = positions(), reach = position;
    for (std::int32_t& each : reach) {
      if (window > 0) each = std::min(each, static_cast<std::int32_t>(window - 1));
    }
    Batch batch;
    batch.index = 0;
    batch.num_sequences = tokens / sequence;
    batch.sequence_length = sequence;
    batch.positions = reference::tensor_of(position);
    batch.reach = reference::tensor_of(reach);
    Arena kept, scratch;
    Stream stream = Stream::cpu(2);
    const LayerContext context{params, batch, {kept, kept, scratch}, stream};
    const Shape shape{tokens, config.hidden};
    const auto saved = SelfAttention::Saved::take(kept, config, tokens);
    params.zero_gradients(stream);
    attention.forward(context, reference::tensor_of(x, shape), saved,
                      reference::tensor_of(out, shape));
    attention.backward(context, reference::tensor_of(x, shape), saved,
                       reference::tensor_of(d_out, shape), reference::tensor_of(d_x, shape));
  }
  std::vector<float> gradient(const std::string& name) {
    if (name == "x") return d_x;
    const ParamId id = params.find(name);
    std::vector<float> values_of(static_cast<std::size_t>(params.spec(id).shape.size()));
    Stream stream = Stream::cpu(1);
    params.read_gradient(id, reference::tensor_of(values_of, params.spec(id).shape), stream);
    return values_of;
  }

  ModelConfig config;
  RotaryTable table;
  Params params;
  SelfAttention attention;
  Values values;
  std::vector<float> x = reference::normals(tokens * config.hidden, 1),
                     d_out = reference::normals(tokens * config.hidden, 2),
                     out = std::vector<float>(x.size()), d_x = std::vector<float>(x.size());
};

void expect_right(const ModelConfig& config, int layer = 0) {
  Layer of(config, layer);
  const std::int64_t window = window_of(config, layer);
  reference::expect_close(of.out, forward(of.values, config, window), 2e-5);
  const Doubles d_out = reference::widened(of.d_out);
  for (const auto& [name, value] : of.values) {
    SCOPED_TRACE(name);
    const auto loss = [&](const Doubles& changed) {
      Values others = of.values;
      others[name] = changed;
      return reference::dot(forward(others, config, window), d_out);
    };
    reference::expect_gradient(of.gradient(name), loss, value, 12);
  }
}

ModelConfig every_part() {
  ModelConfig config = plain();
  config.qk_norm = QkNorm::projection;
  config.qkv_bias = config.o_bias = true;
  config.window = 5;
  config.rope = {.type = RopeType::yarn,
                 .factor = 4.0,
                 .original_length = 12,
                 .beta_fast = 2.0,
                 .beta_slow = 0.2};
  return config;
}

TEST(SelfAttention, MatchesItsFormulas) { expect_right(plain()); }

TEST(SelfAttention, NormsOfHeads) {
  ModelConfig config = plain();
  config.qk_norm = QkNorm::head;
  expect_right(config);
}

TEST(SelfAttention, EveryPart) { expect_right(every_part()); }

TEST(SelfAttention, BiasesOfQueriesKeysAndValuesAlone) {
  ModelConfig config = plain();
  config.qkv_bias = true;
  expect_right(config);
  EXPECT_EQ(Layer(config).params.find("a.o_bias"), -1);
}

TEST(SelfAttention, AWindowInSomeLayers) {
  ModelConfig config = plain();
  config.window = 3;
  config.window_layers = {1};
  expect_right(config, 0);
  expect_right(config, 1);
  EXPECT_FALSE(reference::same_bits(Layer(config, 0).out, Layer(config, 1).out));
}

// Of 23 tokens, the longest document: nothing is out of sight.
TEST(SelfAttention, AWindowOfTheWholeDocumentChangesNoBit) {
  ModelConfig config = plain();
  const Layer whole(config);
  config.window = 23;
  const Layer wide(config);
  EXPECT_TRUE(reference::same_bits(whole.out, wide.out));
  EXPECT_TRUE(reference::same_bits(whole.d_x, wide.d_x));
  config.window = 22;
  EXPECT_FALSE(reference::same_bits(whole.out, Layer(config).out));
}

TEST(SelfAttention, ParametersHaveTheShapesOfTheirPart) {
  Layer of(every_part());
  const auto size = [&](const char* name) { return of.params.spec(of.params.find(name)).shape; };
  EXPECT_EQ(size("a.q_norm"), Shape{24});
  EXPECT_EQ(size("a.k_norm"), Shape{12});
  EXPECT_EQ(size("a.q_bias"), Shape{24});
  EXPECT_EQ(size("a.k_bias"), Shape{12});
  EXPECT_EQ(size("a.v_bias"), Shape{12});
  EXPECT_EQ(size("a.o_bias"), Shape{24});
  EXPECT_FALSE(of.params.spec(of.params.find("a.q_bias")).decays);
}

}  // namespace self_attention_test
}  // namespace switchyard
