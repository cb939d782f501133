#include "model/transformer/step_guests.h"

#include <algorithm>
#include <string>

#include "model/linear_terms.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

std::vector<std::string> moe_block_names(const ModelConfig& model) {
  std::vector<std::string> names;
  for (int block = 0; block < num_blocks(model); ++block)
    if (!is_dense(model, block)) names.push_back(block_name(model, block));
  return names;
}

}  // namespace

std::unique_ptr<StepBalancer> step_balancer_of(const ModelConfig& model, const RouterConfig& router,
                                               const Transformer::Options& options,
                                               const std::vector<int>& node_of) {
  if (router.balance_step == StepBalance::off || options.use != ParamUse::training ||
      is_all_dense(model) || node_of.size() == 1)
    return nullptr;
  const std::vector<std::string> layers = moe_block_names(model);
  require(!options.guided || std::ssize(node_of) <= model.num_experts, Exit::usage,
          "router.balance_step with train.guide_steps needs an expert on every rank, but an expert "
          "group has {} ranks for {} experts: lower parallel.experts, or set router.balance_step = "
          "\"off\"",
          node_of.size(), model.num_experts);
  // Guests keep the gradients of parts that any layer trains.
  const Params::Choice frozen = frozen_params(model, options.freeze);
  Params::Choice in_all = [frozen, layers](std::string_view name) {
    return frozen && std::all_of(layers.begin(), layers.end(), [&](const std::string& layer) {
             return frozen(layer + std::string(name.substr(name.find('.'))));
           });
  };
  return std::make_unique<StepBalancer>(
      router.balance_step, node_of, router.guest_slots,
      GuestExperts::Kind{.layer = layers.front(),
                         .shape = {model.hidden, model.expert_hidden, init_std_of(model),
                                   residual_init_std(model)},
                         .frozen = std::move(in_all),
                         .terms = [model, guided = options.guided](std::string_view name) {
                           return terms_of_param(model, guided, name);
                         }});
}

}  // namespace switchyard
