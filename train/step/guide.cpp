#include "train/step/guide.h"

#include <cmath>
#include <numbers>

#include "model/param_role.h"
#include "runtime/random.h"

namespace switchyard {

double guide_share_at(const TrainConfig& config, std::int64_t step) {
  if (step >= config.guide_steps) return 0.0;
  const double done = static_cast<double>(step) / static_cast<double>(config.guide_steps);
  return 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

bool is_guided(const ModelConfig& model, const TrainConfig& config, std::int64_t steps_done) {
  return model.low_rank.rank > 0 && steps_done < config.guide_steps;
}

void set_guides(Params& params, const TrainConfig& config, std::int64_t step, bool skips) {
  if (config.guide_steps == 0) return;
  const double share = guide_share_at(config, step);
  const Random random(static_cast<std::uint64_t>(config.seed), Purpose::guide,
                      static_cast<std::uint64_t>(step));
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ParamSpec& spec = params.spec(id);
    if (spec.init != ParamInit::product) continue;
    const auto layer = static_cast<std::uint64_t>(layer_of_param(spec.name));
    const bool skipped = skips && random.uniform(layer) >= share;
    params.set_guide_share(id, skipped ? 0.0F : static_cast<float>(share));
  }
}

}  // namespace switchyard
