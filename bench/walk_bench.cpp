// What do statistics cost beside the forward time of a layer's tokens?
//   build/release/bench/walk_bench [--hidden=1024] [--tokens=8192] [--rounds=3]
// A dense layer (ffn_hidden 2.75 hidden) and one of 8 experts (of hidden / 2, two for each token),
// in micro-batches of 2,048 tokens, on one core. Each round computes every layer once with each
// kind of statistics; prints the least processor time of the rounds, and its multiple of that
// without statistics.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "model/transformer/layer_walk.h"
#include "runtime/comm/mesh.h"
#include "train/compress/expert_scores.h"
#include "train/compress/linear_statistics.h"

namespace switchyard {
namespace {

constexpr std::int64_t sequence = 256, batch_tokens = 2048, vocabulary = 512;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

ModelConfig model_of(std::int64_t hidden) {
  return {.hidden = hidden,
          .num_layers = 2,
          .num_heads = static_cast<int>(hidden / 64),
          .num_kv_heads = static_cast<int>(hidden / 64),
          .head_dim = 64,
          .dense_layers = {0},
          .ffn_hidden = hidden * 11 / 4,
          .num_experts = 8,
          .expert_hidden = hidden / 2};
}

// The matrices of a layer's linear layers.
std::vector<ParamId> weights_of(const Params& params, std::int64_t layer) {
  std::vector<ParamId> weights;
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ParamSpec& spec = params.spec(id);
    if (spec.name.starts_with("layer" + std::to_string(layer) + ".") &&
        spec.shape.num_dims() == 2 && !spec.name.ends_with(".router"))
      weights.push_back(id);
  }
  return weights;
}

void bench(std::int64_t hidden, std::int64_t tokens, int rounds) {
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Stream stream = Stream::cpu(1);
  Transformer model(model_of(hidden), RouterConfig{},
                    {.vocabulary = vocabulary,
                     .sequence_length = sequence,
                     .step_tokens = tokens,
                     .use = ParamUse::inference},
                    mesh);
  model.params().initialize(1);
  const std::int64_t num_batches = tokens / batch_tokens;
  std::vector<std::int32_t> ids, positions;
  for (std::int64_t i = 0; i < batch_tokens; ++i) {
    ids.push_back(static_cast<std::int32_t>(i * 7919 % vocabulary));
    positions.push_back(static_cast<std::int32_t>(i % sequence));
  }
  std::vector<Batch> batches;
  for (std::int64_t i = 0; i < num_batches; ++i)
    batches.push_back({i, batch_tokens / sequence, sequence, tensor_of(ids.data(), {batch_tokens}),
                       tensor_of(ids.data(), {batch_tokens}),
                       tensor_of(positions.data(), {batch_tokens})});
  LayerWalk walk(model, batches, stream);
  for (; !walk.done(); walk.advance()) {
    LinearStatistics squares(model.params(), weights_of(model.params(), walk.layer()),
                             InputMoments::squares, tokens, num_batches),
        products(model.params(), weights_of(model.params(), walk.layer()), InputMoments::products,
                 tokens, num_batches);
    ExpertScores scores(model_of(hidden).num_experts);
    const std::array<std::pair<const char*, std::function<void()>>, 4> kinds = {
        {{"nothing", [&] { walk.compute(nullptr); }},
         {"squares", [&] { walk.compute(&squares); }},
         {"products", [&] { walk.compute(&products); }},
         {"scores", [&] { walk.compute(nullptr, &scores); }}}};
    std::array<double, 4> seconds{1e9, 1e9, 1e9, 1e9};
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        const double begin = processor_seconds();
        kinds[kind].second();
        seconds[kind] = std::min(seconds[kind], processor_seconds() - begin);
      }
    }
    for (std::size_t kind = 0; kind < kinds.size(); ++kind)
      std::printf("layer %lld  %-9s %7.3f s  %.2f\n", static_cast<long long>(walk.layer()),
                  kinds[kind].first, seconds[kind], seconds[kind] / seconds[0]);
  }
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  std::int64_t hidden = 1024, tokens = 8192;
  int rounds = 3;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const int value = std::atoi(argument.substr(argument.find('=') + 1).c_str());
    if (argument.starts_with("--hidden=")) hidden = value;
    if (argument.starts_with("--tokens=")) tokens = value;
    if (argument.starts_with("--rounds=")) rounds = value;
  }
  switchyard::bench(hidden, tokens, rounds);
}
