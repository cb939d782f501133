#include "launch/plan/size_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "runtime/error.h"

namespace switchyard::plan {
namespace {

// A setting, and roughly its largest value in trained models.
struct Setting {
  const char* name;
  double value, usual;
  double excess() const { return value / usual; }
};

Setting strangest(const RunShape& shape) {
  const ModelConfig& m = shape.model;
  const auto value = [](auto number) { return static_cast<double>(number); };
  const std::array settings = {
      Setting{"model.hidden", value(m.hidden), 1 << 15},
      Setting{"model.num_layers", value(m.num_layers), 256},
      Setting{"model.num_heads", value(m.num_heads), 256},
      Setting{"model.num_kv_heads", value(m.num_kv_heads), 256},
      Setting{"model.head_dim", value(m.head_dim), 256},
      Setting{"model.ffn_hidden", value(m.ffn_hidden), 1 << 17},
      Setting{"model.num_experts", value(m.num_experts), 1 << 12},
      Setting{"model.expert_hidden", value(m.expert_hidden), 1 << 16},
      Setting{"model.shared_expert_hidden", value(m.shared_expert_hidden), 1 << 17},
      Setting{"router.top_k", value(shape.router.top_k), 64},
      Setting{"router.extra_copies", value(shape.router.extra_copies), 1 << 12},
      Setting{"train.micro_batch_size", value(shape.micro_batch_tokens / shape.sequence_length),
              1 << 10},
      Setting{"train.load_factor", shape.load_factor, 64},
      Setting{"data.sequence_length", value(shape.sequence_length), 1 << 20},
      Setting{"the vocabulary", value(shape.vocabulary), 1 << 20},
      Setting{"the ranks of a node", value(shape.ranks_per_node), 1 << 10}};
  return *std::max_element(
      settings.begin(), settings.end(),
      [](const Setting& a, const Setting& b) { return a.excess() < b.excess(); });
}

// No less than memory_plan's, in numbers that do not overflow.
double bytes_at_most(const RunShape& shape) {
  const ModelConfig& m = shape.model;
  const auto value = [](auto number) { return static_cast<double>(number); };
  const double d = value(m.hidden), layers = value(m.num_layers),
               queries = value(m.num_heads) * value(m.head_dim),
               keys = value(m.num_kv_heads) * value(m.head_dim),
               widths = queries + keys + value(m.ffn_hidden) + value(m.shared_expert_hidden) +
                        value(m.num_experts),
               experts = value(m.num_experts) + value(shape.router.extra_copies),
               tokens = value(shape.micro_batch_tokens), vocabulary = value(shape.vocabulary);
  const double parameters =
      2 * vocabulary * d + layers * d * (4 * widths + 3 * experts * value(m.expert_hidden));
  const double choices = tokens * value(shape.router.top_k), rows = choices * shape.load_factor;
  const double activations =
      layers * (tokens * 8 * (d + widths) + choices * (8 * d + 8) +
                rows * (8 * d + 8 + 3 * value(m.expert_hidden)) + tokens * experts * 8) +
      value(shape.sequence_length) * tokens * value(m.num_heads) + tokens * vocabulary;
  return value(shape.ranks_per_node) * (32 * parameters + 8 * activations);
}

}  // namespace

void check_countable(const RunShape& shape) {
  const double bytes = bytes_at_most(shape);
  if (bytes < 0x1p60) return;
  const Setting setting = strangest(shape);
  fail(Exit::usage,
       "the ranks of a node would need up to {:.1e} bytes, which no machine has: {} = {:.10g} is "
       "the setting furthest from usual values",
       bytes, setting.name, setting.value);
}

}  // namespace switchyard::plan
