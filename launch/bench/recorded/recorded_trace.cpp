#include "launch/bench/recorded/recorded_trace.h"

#include <algorithm>

#include "launch/bench/recorded/npy_array.h"
#include "launch/bench/recorded/trace_lines.h"
#include "router/math.h"
#include "runtime/comm/counts.h"
#include "runtime/error.h"

namespace switchyard::bench {
namespace {

TraceChoices choices_of(const IntegerArray& array, const std::string& path) {
  const std::vector<std::int64_t>& shape = array.shape;
  require(shape.size() == 2 || shape.size() == 3, Exit::data,
          "{} has {} dimensions: choices are [tokens, layers, k], or [tokens, k] of one layer",
          path, shape.size());
  constexpr std::int64_t most = 1 << 16;  // layers and choices
  const std::int64_t layers = shape.size() == 3 ? shape[1] : 1, top_k = shape.back();
  require(layers <= most && top_k <= most, Exit::data,
          "{}: {} layers with {} choices of each token are too many", path, layers, top_k);
  TraceChoices choices{static_cast<int>(top_k), {to_index(layers), std::vector<std::int32_t>{}}};
  for (auto at = array.values.begin(); at != array.values.end();) {
    for (std::vector<std::int32_t>& layer : choices.layers) {
      layer.insert(layer.end(), at, at + top_k);
      at += top_k;
    }
  }
  return choices;
}

// Recorders that give every layer a place leave that of a dense layer zero.
void drop_dense_layers(TraceChoices& choices) {
  if (choices.top_k < 2) return;
  std::erase_if(choices.layers, [](const std::vector<std::int32_t>& experts) {
    return std::all_of(experts.begin(), experts.end(), [](std::int32_t e) { return e == 0; });
  });
}

// Errors: Exit::data for choices that no top-k gate makes.
void check(const TraceChoices& choices, const std::string& path) {
  require(!choices.layers.empty() && !choices.layers.front().empty(), Exit::data,
          "{} holds no choices", path);
  for (std::size_t layer = 0; layer < choices.layers.size(); ++layer) {
    const std::vector<std::int32_t>& experts = choices.layers[layer];
    require(experts.size() == choices.layers.front().size(), Exit::data,
            "{}: layer {} in order has {} tokens, and the first has {}", path, layer,
            std::ssize(experts) / choices.top_k,
            std::ssize(choices.layers.front()) / choices.top_k);
    std::vector<std::int32_t> chosen;
    for (auto token = experts.begin(); token != experts.end(); token += choices.top_k) {
      chosen.assign(token, token + choices.top_k);
      std::sort(chosen.begin(), chosen.end());
      const auto kept = std::lower_bound(chosen.begin(), chosen.end(), 0);
      const auto twice = std::adjacent_find(kept, chosen.end());
      require(twice == chosen.end(), Exit::data, "{}: token {} chooses expert {} twice in layer {}",
              path, (token - experts.begin()) / choices.top_k, *twice, layer);
    }
  }
}

}  // namespace

TraceChoices read_trace(const std::filesystem::path& path) {
  const std::string name = path.string();
  require(name.ends_with(".npy") || name.ends_with(".jsonl"), Exit::data,
          "{} is neither a folder that router.record wrote nor a trace that ends in .npy or .jsonl",
          name);
  TraceChoices choices =
      name.ends_with(".npy") ? choices_of(read_npy(path), name) : read_trace_lines(path);
  drop_dense_layers(choices);
  check(choices, name);
  return choices;
}

DrawnRouting RecordedTrace::draw(int rank, int num_ranks, std::int64_t iteration,
                                 std::int64_t tokens, int num_experts) const {
  const std::int64_t top_k = choices_.top_k;
  const std::int64_t all = std::ssize(choices_.layers.front()) / top_k;
  const std::int64_t pieces = std::max<std::int64_t>(1, all / std::max<std::int64_t>(1, tokens));
  const std::int64_t turns = (pieces + num_ranks - 1) / num_ranks;  // of a layer
  const std::vector<std::int32_t>& layer =
      choices_.layers[to_index(iteration / turns % std::ssize(choices_.layers))];
  const std::int64_t piece = (iteration % turns * num_ranks + rank) % pieces;
  std::vector<std::int32_t> experts;
  for (std::int64_t i = 0; i < tokens; ++i) {
    const auto token = layer.begin() + (piece * tokens + i) % all * top_k;
    experts.insert(experts.end(), token, token + top_k);
  }
  for (const std::int32_t choice : experts) {
    require(expert_of(choice) < num_experts, Exit::usage,
            "{} chose expert {}: set --experts to the number of experts of its model", name_,
            expert_of(choice));
  }
  return {std::move(experts), choices_.top_k, num_experts};
}

}  // namespace switchyard::bench
