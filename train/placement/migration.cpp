#include "train/placement/migration.h"

#include "experts/slot_rows.h"
#include "runtime/device/ops.h"

namespace switchyard {
namespace {

// For every slot that gets another expert: the copy that the slot's rank has or uses now.
std::vector<SlotMove> moves_between(const Placement& now, const Placement& next) {
  std::vector<SlotMove> moves;
  for (int rank = 0; rank < now.num_ranks(); ++rank) {
    require(now.num_hosted(rank) == next.num_hosted(rank), "rank {} has {} slots, not {}", rank,
            now.num_hosted(rank), next.num_hosted(rank));
    for (std::size_t slot = 0; slot < now.hosted(rank).size(); ++slot) {
      const int expert = next.hosted(rank)[slot];
      if (expert == now.hosted(rank)[slot]) continue;
      moves.push_back(
          {slot_at(now, now.replica_for(expert, rank)), {rank, static_cast<int>(slot)}});
    }
  }
  return moves;
}

void copy_range(Tensor from, Tensor to, Stream& stream) {
  if (!from.empty()) RuntimeOps::on(stream.device()).copy(from, to, stream);
}

void move_values(Params& params, const MoeLayer& layer, std::span<const SlotMove> moves,
                 std::int64_t elements, Comm& experts, Stream& stream) {
  const auto for_parts = [&](int slot, Tensor row, const auto& body) {
    const SlotParts parts = slot_parts(params, layer.shard(), slot, SlotRow::values);
    for (std::size_t i = 0; i < parts.ids.size(); ++i) {
      const Tensor value = params.stored(parts.ids[i]);
      body(value.view({value.size()}), row.range(parts.begins[i], parts.begins[i] + value.size()));
    }
  };
  Arena scratch(stream.device());
  send_slots(
      moves, elements, DType::f32, experts,
      [&](int slot, Tensor row) {
        for_parts(slot, row, [&](Tensor value, Tensor part) { copy_range(value, part, stream); });
      },
      [&](int slot, Tensor row) {
        for_parts(slot, row, [&](Tensor value, Tensor part) { copy_range(part, value, stream); });
      },
      scratch, stream);
}

// The same bytes as whole 32-bit words.
Tensor words_of(Tensor row) { return {row.data, {row.bytes() / 4}, DType::i32, row.device}; }

// Each replica owns a piece of this part of the state, and another piece at the new slot: a row is
// made whole on all replicas before it travels. elements: of a row.
void move_state(Params& params, StatePart part, const MoeLayer& layer,
                std::span<const SlotMove> moves, std::int64_t elements, Mesh& mesh,
                Stream& stream) {
  const auto for_parts = [&](int slot, Tensor row, const auto& body) {
    std::int64_t first = 0;
    for (const ParamId id : layer.shard().params_of(slot)) {
      if (!params.trained(id)) continue;
      const auto [begin, end] = params.owned_state(id, part, params.region_of(id).replicas().index);
      body(params.state(id, part), row.range(first + begin, first + end));
      first += params.state_of(id).of(part).size();
    }
  };
  const DType dtype = params.moments_dtype();
  const std::int64_t whole_words = elements + elements % 2;  // also where an element has 2 bytes
  Arena scratch(stream.device());
  send_slots(
      moves, whole_words, dtype, *mesh.experts,
      [&](int slot, Tensor row) {
        RuntimeOps::on(stream.device()).zero(row, stream);
        for_parts(slot, row, [&](Tensor owned, Tensor piece) { copy_range(owned, piece, stream); });
        mesh.replicas->all_reduce(words_of(row), Reduce::bit_or, stream);
      },
      [&](int slot, Tensor row) {
        for_parts(slot, row, [&](Tensor owned, Tensor piece) { copy_range(piece, owned, stream); });
      },
      scratch, stream);
}

// Collective over the expert group. Of this part of the state of any slot: some rank may host none.
std::int64_t state_elements(const Params& params, const MoeLayer& layer, StatePart part,
                            Comm& experts) {
  std::int64_t elements = 0;
  if (layer.placement().num_hosted(experts.rank()) > 0) {
    for (const ParamId id : layer.shard().params_of(0))
      if (params.trained(id)) elements += params.state_of(id).of(part).size();
  }
  return reduce_one(experts, elements, Reduce::max);
}

}  // namespace

int migrate_experts(Params& params, MoeLayer& layer, const Placement& next, Mesh& mesh,
                    Stream& stream) {
  const std::vector<SlotMove> moves = moves_between(layer.placement(), next);
  if (moves.empty()) return 0;
  const int hosted = layer.placement().num_hosted(mesh.experts->rank());
  const std::int64_t elements =
      hosted == 0 ? 0 : slot_parts(params, layer.shard(), 0, SlotRow::values).elements;
  move_values(params, layer, moves, elements, *mesh.experts, stream);
  for (const StatePart part : all_state_parts) {
    const std::int64_t row = state_elements(params, layer, part, *mesh.experts);
    if (row > 0) move_state(params, part, layer, moves, row, mesh, stream);
  }
  layer.place(params, next);
  return static_cast<int>(moves.size());
}

}  // namespace switchyard
