#include "train/placement/expert_copies.h"

#include <algorithm>

#include "experts/slot_rows.h"
#include "model/blocks/moe_layer.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

std::vector<SlotMove> copies_to_owners(const Placement& placement) {
  std::vector<SlotMove> moves;
  for (int expert = 0; expert < placement.num_experts(); ++expert) {
    const std::span<const int> copies = placement.replicas(expert);
    for (const int copy : copies.subspan(1))
      moves.push_back({slot_at(placement, copy), slot_at(placement, copies.front())});
  }
  return moves;
}

void sum_copies_of_layer(Params& params, const MoeLayer& layer, Comm& experts, Stream& stream) {
  std::vector<SlotMove> moves = copies_to_owners(layer.placement());
  if (moves.empty()) return;  // otherwise there are more slots than experts, and every rank has one
  const SlotParts first = slot_parts(params, layer.shard(), 0, SlotRow::gradients);
  const auto trained = [&](ParamId id) { return params.trained(id); };
  if (std::none_of(first.ids.begin(), first.ids.end(), trained)) return;  // as on every rank
  const Span span(stream, "copies");
  // body(gradient, its part of the row)
  const auto for_parts = [&](int slot, Tensor row, const auto& body) {
    const SlotParts parts = slot_parts(params, layer.shard(), slot, SlotRow::gradients);
    for (std::size_t i = 0; i < parts.ids.size(); ++i) {
      if (!params.trained(parts.ids[i])) continue;
      const Tensor gradient = params.gradient(parts.ids[i]);
      body(gradient.view({gradient.size()}),
           row.range(parts.begins[i], parts.begins[i] + gradient.size()));
    }
  };
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const SlotWork pack = [&](int slot, Tensor row) {
    for_parts(slot, row, [&](Tensor gradient, Tensor part) { ops.copy(gradient, part, stream); });
  };
  const SlotWork add = [&](int slot, Tensor row) {
    for_parts(slot, row, [&](Tensor gradient, Tensor part) { ops.add(part, gradient, stream); });
  };
  const SlotWork replace = [&](int slot, Tensor row) {
    for_parts(slot, row, [&](Tensor gradient, Tensor part) { ops.copy(part, gradient, stream); });
  };
  const std::int64_t elements = first.elements;
  const DType dtype = params.exact() ? DType::i64 : DType::f32;
  Arena scratch(stream.device());
  send_slots(moves, elements, dtype, experts, pack, add, scratch, stream);
  for (SlotMove& move : moves) std::swap(move.from, move.to);
  send_slots(moves, elements, dtype, experts, pack, replace, scratch, stream);
}

}  // namespace

void sum_copies(Transformer& model, Mesh& mesh, Stream& stream) {
  for (const int layer : model.moe_layers())
    sum_copies_of_layer(model.params(), model.moe_layer(layer), *mesh.experts, stream);
}

}  // namespace switchyard
