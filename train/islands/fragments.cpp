#include "train/islands/fragments.h"

#include <utility>

#include "model/param_role.h"
#include "train/state/state_names.h"

namespace switchyard {

int fragment_of(std::string_view name, int fragments) {
  const std::int64_t layer = layer_of_param(name);
  return layer < 0 ? fragments - 1 : static_cast<int>(layer % fragments);
}

std::optional<int> sent_after(const IslandsConfig& config, std::int64_t steps_done) {
  const std::int64_t phase = steps_done % config.sync_every;
  for (int fragment = 0; fragment < config.fragments; ++fragment) {
    if (phase == fragment * config.sync_every / config.fragments) return fragment;
  }
  return std::nullopt;
}

ElementRange Fragment::part(int index, int count) const {
  const std::int64_t blocks = size / payload_block;
  return {blocks * index / count * payload_block, blocks * (index + 1) / count * payload_block};
}

std::vector<std::int64_t> Fragment::part_sizes(int count) const {
  std::vector<std::int64_t> sizes;
  for (int index = 0; index < count; ++index) sizes.push_back(part(index, count).size());
  return sizes;
}

std::vector<Fragment> fragments_of(const Params& params,
                                   const std::vector<std::pair<std::string, Tensor>>& gates,
                                   int fragments) {
  std::vector<Fragment> all(static_cast<std::size_t>(fragments));
  const auto add = [&](FragmentPiece piece) {
    Fragment& fragment = all[static_cast<std::size_t>(fragment_of(piece.name, fragments))];
    const std::int64_t blocks = (piece.values.size() + payload_block - 1) / payload_block;
    piece.begin = fragment.size;
    fragment.size += blocks * payload_block;
    fragment.pieces.push_back(std::move(piece));
  };
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ElementRange mine = params.owned(id);
    if (!params.trained(id) || mine.size() == 0) continue;
    const ParamSpec& spec = params.spec(id);
    add({id, spec.name, !spec.extra_copy, params.value(id).range(mine.begin, mine.end)});
  }
  for (const auto& [name, tensor] : gates) {
    if (gate_state_of(name) == GateState::bias)
      add({-1, name, /*counted=*/false, tensor.view({tensor.size()})});
  }
  return all;
}

}  // namespace switchyard
