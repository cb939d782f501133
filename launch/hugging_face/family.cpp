#include "launch/hugging_face/family.h"

#include <algorithm>
#include <array>
#include <span>

#include "model/config.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Traits = FamilyTraits;

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

// True if the dense layers are the first ones.
bool dense_first(const ModelConfig& model) {
  for (int layer = 0; layer < num_dense_layers(model); ++layer) {
    if (!is_dense(model, layer)) return false;
  }
  return true;
}

std::string attention_misfit(const Traits& traits, const ModelConfig& model) {
  const bool every_layer =
      model.window_layers.empty() || std::ssize(model.window_layers) == model.num_layers;
  return first_of(std::array{
      Obstacle{model.qk_norm != traits.qk_norm,
               fmt::format("model.qk_norm = {}", name_of(model.qk_norm))},
      Obstacle{model.norm_placement != traits.norm_placement,
               fmt::format("model.norm_placement = \"{}\"", name_of(model.norm_placement))},
      Obstacle{model.qkv_bias && traits.biases == Traits::Biases::none, "model.qkv_bias"},
      Obstacle{model.o_bias && traits.biases != Traits::Biases::all, "model.o_bias"},
      Obstacle{model.qkv_bias != model.o_bias && traits.biases == Traits::Biases::all,
               model.o_bias ? "model.o_bias without model.qkv_bias"
                            : "model.qkv_bias without model.o_bias"},
      Obstacle{model.window > 0 && traits.windows == Traits::Windows::none, "model.window"},
      Obstacle{model.window > 0 && !every_layer && traits.windows == Traits::Windows::everywhere,
               "model.window_layers"}});
}

std::string gate_misfit(const Traits& traits, const RouterConfig& router) {
  const bool softmax =
      router.gate == GateKind::topk_softmax ||
      (router.gate == GateKind::softmax_topk && traits.gates != Traits::Gates::topk_softmax);
  const bool sigmoid = traits.gates == Traits::Gates::sigmoid;
  return first_of(std::array{Obstacle{sigmoid ? router.gate != GateKind::sigmoid : !softmax,
                                      fmt::format("router.gate = \"{}\"", name_of(router.gate))},
                             Obstacle{!sigmoid && router.scale != 1.0F, "router.scale"},
                             Obstacle{!sigmoid && router.groups > 1, "router.groups"},
                             Obstacle{!router.group_experts.empty(), "router.group_experts"}});
}

std::string shared_misfit(const Traits& traits, const ModelConfig& model) {
  const bool has = model.shared_expert_hidden > 0, wants = traits.shared != Traits::Shared::none;
  return first_of(
      std::array{Obstacle{has && !wants, "model.shared_expert_hidden"},
                 Obstacle{!has && wants, "a model without model.shared_expert_hidden"},
                 Obstacle{has_shared_gate(model) && traits.shared == Traits::Shared::plain,
                          "model.shared_expert_gate"},
                 Obstacle{has && !has_shared_gate(model) && traits.shared == Traits::Shared::gated,
                          "a shared expert without model.shared_expert_gate"}});
}

std::string dense_misfit(const Traits& traits, const ModelConfig& model) {
  const std::int64_t dense = num_dense_layers(model);
  return first_of(
      std::array{Obstacle{traits.dense == Traits::Dense::all && dense < model.num_layers,
                          "layers with experts"},
                 Obstacle{traits.dense != Traits::Dense::all && dense == model.num_layers,
                          "no layer with experts"},
                 Obstacle{traits.dense == Traits::Dense::none && dense > 0, "model.dense_layers"},
                 Obstacle{traits.dense == Traits::Dense::first && !dense_first(model),
                          "model.dense_layers that are not the first ones"}});
}

std::string dots1_misfit(const ModelConfig& model, const RouterConfig& router) {
  return first_of(
      std::array{Obstacle{model.shared_expert_hidden % model.expert_hidden != 0,
                          "model.shared_expert_hidden that is no multiple of model.expert_hidden"},
                 Obstacle{router.groups > 1 && model.num_experts % router.groups != 0,
                          "router.groups of other experts"},
                 Obstacle{router.groups > 1 && router.top_k != 2 * router.groups_per_token,
                          "router.groups scored by other than their best two experts"},
                 Obstacle{model.num_experts < 2 * router.groups, "groups of a single expert"}});
}

// Its norm of the queries has hidden elements.
std::string olmoe_misfit(const ModelConfig& model) {
  return model.num_heads * model.head_dim == model.hidden
             ? ""
             : "model.head_dim other than model.hidden / model.num_heads";
}

}  // namespace

std::string misfit(Family family, const Config& config) {
  const Traits& traits = traits_of(family);
  const ModelConfig& model = config.model;
  std::string found = first_of(
      std::array{Obstacle{model.adapter.rank > 0, "adapters (see switchyard model fold)"},
                 Obstacle{model.low_rank.rank > 0, "low-rank layers (see switchyard model fold)"}});
  if (found.empty()) found = dense_misfit(traits, model);
  if (found.empty() && traits.dense != Traits::Dense::all) {
    found = gate_misfit(traits, config.router);
    if (found.empty()) found = shared_misfit(traits, model);
  }
  if (found.empty()) found = attention_misfit(traits, model);
  if (found.empty() && family == Family::dots1) found = dots1_misfit(model, config.router);
  if (found.empty() && family == Family::olmoe) found = olmoe_misfit(model);
  return found;
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
