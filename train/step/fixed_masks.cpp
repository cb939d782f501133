#include "train/step/fixed_masks.h"

#include <algorithm>
#include <vector>

#include "model/param_role.h"
#include "runtime/device/trace.h"
#include "runtime/masks/apply_mask.h"

namespace switchyard {
namespace {

// The matrices of feed-forward networks, as of masks that are drawn anew (experts/ffn.h).
bool is_masked(const Params& params, ParamId id, const DropoutConfig& dropout) {
  const std::string& name = params.spec(id).name;
  if (!params.trained(id) || !dropout.fixes_weights(layer_of_param(name))) return false;
  const ParamRole role = role_of_param(name);
  const bool of_network =
      role == ParamRole::experts || role == ParamRole::shared || role == ParamRole::ffn;
  return of_network &&
         (name.ends_with(".gate") || name.ends_with(".up") || name.ends_with(".down"));
}

MaskStream mask_of(const Params& params, ParamId id, const DropoutConfig& dropout,
                   std::uint64_t seed) {
  return Dropout(dropout, seed, 0).fixed_mask(params.spec(id).key());
}

// Calls work(element) for each element of a range that the mask drops.
template <class Work>
void for_dropped(const MaskLaw& law, const MaskStream& mask, ElementRange range, Work work) {
  std::vector<std::uint16_t> bits(static_cast<std::size_t>(std::min(range.size(), param_block)));
  for (std::int64_t first = range.begin; first < range.end; first += param_block) {
    const auto count = static_cast<std::size_t>(std::min(param_block, range.end - first));
    mask.fill(first, std::span(bits).first(count));
    for (std::size_t i = 0; i < count; ++i)
      if (law.factor(bits[i]) == 0.0F) work(first + static_cast<std::int64_t>(i));
  }
}

}  // namespace

void apply_fixed_masks(Params& params, const DropoutConfig& dropout, std::uint64_t seed,
                       Stream& stream) {
  const MaskLaw law(MaskKind::drop, dropout.weights);
  for (ParamId id = 0; id < params.num_params(); ++id) {
    if (!is_masked(params, id, dropout)) continue;
    const Tensor value = params.value(id).view({params.value(id).size()});
    apply_mask(law, mask_of(params, id, dropout, seed), value, value, stream);
  }
}

void mask_gradients(Params& params, const DropoutConfig& dropout, std::uint64_t seed,
                    Stream& stream) {
  if (dropout.weights_share != MaskShare::fixed || dropout.weights == 0.0) return;
  const Span span(stream, "masks");
  const MaskLaw law(MaskKind::drop, dropout.weights);
  std::vector<ParamBlock> masked;
  for (const ParamBlock& block : params.owned_blocks())
    if (is_masked(params, block.id, dropout)) masked.push_back(block);
  parallel_for(stream, std::ssize(masked), [&](std::int64_t i) {
    const auto& [id, elements] = masked[static_cast<std::size_t>(i)];
    const Tensor gradient = params.gradient(id);
    for_dropped(law, mask_of(params, id, dropout, seed), elements, [&](std::int64_t element) {
      if (params.exact()) {
        gradient.as<std::int64_t>()[element] = 0;
      } else {
        gradient.as<float>()[element] = 0.0F;
      }
    });
  });
}

void check_fixed_masks(const Params& params, const DropoutConfig& dropout, std::uint64_t seed) {
  const MaskLaw law(MaskKind::drop, dropout.weights);
  for (ParamId id = 0; id < params.num_params(); ++id) {
    if (!is_masked(params, id, dropout)) continue;
    const auto* const values = params.value(id).as<float>();
    for_dropped(law, mask_of(params, id, dropout, seed), {0, params.value(id).size()},
                [&](std::int64_t element) {
                  require(values[element] == 0.0F, Exit::usage,
                          "dropout.weights_share = \"fixed\" masks weights of {} that the "
                          "checkpoint has: keep train.seed and all of [dropout] that is of weights",
                          params.spec(id).name);
                });
  }
}

}  // namespace switchyard
