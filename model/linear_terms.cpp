#include "model/linear_terms.h"

#include <algorithm>
#include <utility>

#include "model/param_role.h"
#include "runtime/params/param_spec.h"

namespace switchyard {
namespace {

using Kind = LinearTerms::Kind;

bool is_feed_forward(ParamRole role) {
  return role == ParamRole::ffn || role == ParamRole::experts || role == ParamRole::shared;
}

}  // namespace

bool is_low_rank(const ModelConfig& model, std::int64_t layer) {
  const auto& [rank, layers] = model.low_rank;
  if (rank == 0) return false;
  return layers.empty() ? layer > 0
                        : std::find(layers.begin(), layers.end(), layer) != layers.end();
}

LinearTerms terms_of_param(const ModelConfig& model, bool guided, std::string_view name) {
  if (model.low_rank.rank > 0 && is_feed_forward(role_of_param(name)) &&
      is_low_rank(model, layer_of_param(name)))
    return {guided ? Kind::guided : Kind::low_rank, model.low_rank.rank};
  const AdapterConfig& adapter = model.adapter;
  if (adapter.rank == 0) return {};
  std::string of_first(name);
  if (auto part = ExpertPart::of_name(name)) {
    part->expert = 0;
    of_first = part->name();
  }
  const bool adapted =
      std::any_of(adapter.targets.begin(), adapter.targets.end(),
                  [&](const std::string& target) { return chooses_param(target, of_first); });
  if (!adapted) return {};
  return {Kind::adapted, adapter.rank,
          static_cast<float>(adapter.alpha / static_cast<double>(adapter.rank))};
}

Params::Choice frozen_params(const ModelConfig& model, std::vector<std::string> freeze) {
  Params::Choice frozen = chosen_by(std::move(freeze));
  if (model.adapter.rank == 0) return frozen;
  return
      [frozen = std::move(frozen), trains = chosen_by(model.adapter.train)](std::string_view name) {
        if (frozen && frozen(name)) return true;
        return !is_adapter(name) && !(trains && trains(name));
      };
}

}  // namespace switchyard
