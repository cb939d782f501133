#include "runtime/masks/dropout.h"

#include <algorithm>

#include "runtime/masks/apply_mask.h"

namespace switchyard {

namespace {

bool names_layer(const std::vector<std::int64_t>& layers, std::int64_t layer) {
  return layers.empty() || std::find(layers.begin(), layers.end(), layer) != layers.end();
}

}  // namespace

bool DropoutConfig::masks_weights(std::int64_t layer) const {
  return weights > 0 && weights_share != MaskShare::fixed && names_layer(layers, layer);
}

bool DropoutConfig::fixes_weights(std::int64_t layer) const {
  return weights > 0 && weights_share == MaskShare::fixed && layer >= 0 &&
         names_layer(layers, layer);
}

MaskStream Dropout::weight_mask(std::int64_t step, std::uint64_t name, std::uint64_t number) const {
  return {seed_, Purpose::weight_mask, static_cast<std::uint64_t>(step), name, number};
}

void Dropout::drop(const MaskLaw& law, std::int64_t step, std::uint64_t name, std::int64_t number,
                   Tensor in, Tensor out, Stream& stream) const {
  const MaskStream mask(seed_, Purpose::dropout, static_cast<std::uint64_t>(step), name,
                        static_cast<std::uint64_t>(number));
  apply_mask(law, mask, in, out, stream);
}

}  // namespace switchyard
