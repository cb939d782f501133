#include "launch/hugging_face/family.h"

#include <algorithm>
#include <optional>
#include <span>

#include "runtime/error.h"

namespace switchyard::hub {
namespace {

// A setting that a family lacks, and how the message names it.
struct Obstacle {
  bool there;
  std::string what;
};

std::string first_of(std::span<const Obstacle> obstacles) {
  const auto found = std::find_if(obstacles.begin(), obstacles.end(),
                                  [](const Obstacle& each) { return each.there; });
  return found == obstacles.end() ? "" : found->what;
}

std::string gate_text(GateKind gate) { return fmt::format("router.gate = \"{}\"", name_of(gate)); }

// True if the dense layers are the first ones.
bool dense_first(const ModelConfig& model) {
  for (std::size_t i = 0; i < model.dense_layers.size(); ++i) {
    if (model.dense_layers[i] != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

Obstacle wants_qk_norm(const ModelConfig& model, bool wanted) {
  return {model.qk_norm != (wanted ? QkNorm::head : QkNorm::none),
          fmt::format("model.qk_norm = {}", name_of(model.qk_norm))};
}

std::string dense_misfit(const ModelConfig& model, bool qk_norm) {
  return first_of(std::array{Obstacle{!is_all_dense(model), "layers with experts"},
                             wants_qk_norm(model, qk_norm)});
}

// The parts of attention that no family here has.
std::string attention_misfit(const ModelConfig& model) {
  return first_of(
      std::array{Obstacle{model.qkv_bias, "model.qkv_bias"}, Obstacle{model.o_bias, "model.o_bias"},
                 Obstacle{model.window > 0, "model.window"},
                 Obstacle{model.rope.type != RopeType::none,
                          fmt::format("model.rope_type = \"{}\"", name_of(model.rope.type))}});
}

// Of the families whose gate is a softmax without a bias, a scale or groups.
std::string softmax_misfit(const Config& config) {
  const RouterConfig& router = config.router;
  return first_of(std::array{
      Obstacle{is_all_dense(config.model), "no layer with experts"},
      Obstacle{router.gate != GateKind::softmax_topk && router.gate != GateKind::topk_softmax,
               gate_text(router.gate)},
      Obstacle{config.model.shared_expert_hidden > 0, "model.shared_expert_hidden"},
      Obstacle{router.scale != 1.0F, "router.scale"},
      Obstacle{router.groups > 1, "router.groups"}});
}

std::string mixtral_misfit(const Config& config) {
  const std::string softmax = softmax_misfit(config);
  if (!softmax.empty()) return softmax;
  return first_of(std::array{
      wants_qk_norm(config.model, false),
      Obstacle{!config.model.dense_layers.empty(), "model.dense_layers"},
      Obstacle{config.router.gate != GateKind::topk_softmax, gate_text(config.router.gate)}});
}

std::string qwen3_moe_misfit(const Config& config) {
  const std::string softmax = softmax_misfit(config);
  return softmax.empty() ? first_of(std::array{wants_qk_norm(config.model, true)}) : softmax;
}

std::string dots1_misfit(const Config& config) {
  const ModelConfig& model = config.model;
  const RouterConfig& router = config.router;
  const bool uneven = router.groups > 1 && model.num_experts % router.groups != 0;
  return first_of(std::array{
      Obstacle{is_all_dense(model), "no layer with experts"}, wants_qk_norm(model, true),
      Obstacle{router.gate != GateKind::sigmoid, gate_text(router.gate)},
      Obstacle{!dense_first(model), "model.dense_layers that are not the first ones"},
      Obstacle{model.shared_expert_hidden == 0, "a model without model.shared_expert_hidden"},
      Obstacle{model.shared_expert_hidden % model.expert_hidden != 0,
               "model.shared_expert_hidden that is no multiple of model.expert_hidden"},
      Obstacle{uneven || !router.group_experts.empty(), "router.groups of other experts"},
      Obstacle{router.groups > 1 && router.top_k / router.groups_per_token != 2,
               "router.groups scored by other than their best two experts"},
      Obstacle{model.num_experts < 2 * router.groups, "groups of a single expert"}});
}

// A part of the model that no family here has.
std::string foreign_part(const ModelConfig& model) {
  return first_of(std::array{
      Obstacle{model.norm_placement == NormPlacement::after, "model.norm_placement = \"after\""},
      Obstacle{has_shared_gate(model), "model.shared_expert_gate"}});
}

}  // namespace

std::string misfit(Family family, const Config& config) {
  if (const std::string part = foreign_part(config.model); !part.empty()) return part;
  const std::string attention = attention_misfit(config.model);
  if (!attention.empty()) return attention;
  switch (family) {
    case Family::mixtral:
      return mixtral_misfit(config);
    case Family::qwen3_moe:
      return qwen3_moe_misfit(config);
    case Family::qwen3:
      return dense_misfit(config.model, true);
    case Family::llama:
      return dense_misfit(config.model, false);
    case Family::dots1:
      return dots1_misfit(config);
  }
  fail(Exit::internal, "unknown family");
}

std::optional<Family> family_of(const Config& config) {
  for (std::size_t i = 0; i < names_of<Family>.size(); ++i) {
    const auto family = static_cast<Family>(i);
    if (misfit(family, config).empty()) return family;
  }
  return std::nullopt;
}

std::string exported_as(const Config& config) {
  const std::optional<Family> family = family_of(config);
  return family ? std::string(name_of(*family)) : "no family: " + misfits(config);
}

std::string misfits(const Config& config) {
  std::string all;
  for (std::size_t i = 0; i < names_of<Family>.size(); ++i) {
    const auto family = static_cast<Family>(i);
    all += fmt::format("{}{} lacks {}", all.empty() ? "" : ", ", name_of(family),
                       misfit(family, config));
  }
  return all;
}

}  // namespace switchyard::hub
