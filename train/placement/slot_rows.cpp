#include "train/placement/slot_rows.h"

#include <algorithm>

#include "runtime/comm/counts.h"

namespace switchyard {
namespace {

// The moves in the order of the ranks on one of their sides, as all_to_all_rows wants them.
std::vector<SlotMove> in_rank_order(std::span<const SlotMove> moves, int SlotMove::*side,
                                    const Placement& slots) {
  std::vector<SlotMove> ordered(moves.begin(), moves.end());
  std::stable_sort(ordered.begin(), ordered.end(), [&](const SlotMove& a, const SlotMove& b) {
    return slots.rank_of(a.*side) < slots.rank_of(b.*side);
  });
  return ordered;
}

}  // namespace

SlotParts slot_parts(const Params& params, const ExpertShard& shard, int slot, SlotRow row) {
  SlotParts parts;
  for (const ParamId id : shard.params_of(slot)) {
    parts.ids.push_back(id);
    parts.begins.push_back(parts.elements);
    parts.elements +=
        row == SlotRow::values ? params.stored(id).size() : params.spec(id).shape.size();
  }
  return parts;
}

void send_slots(std::span<const SlotMove> moves, const Placement& slots, std::int64_t elements,
                DType dtype, Comm& experts, const SlotWork& pack, const SlotWork& arrive,
                Stream& stream) {
  std::vector<int> leaving, arriving;  // slots
  Counts send(to_index(experts.size()), 0), receive(to_index(experts.size()), 0);
  for (const SlotMove& move : in_rank_order(moves, &SlotMove::to, slots)) {
    if (slots.rank_of(move.from) != experts.rank()) continue;
    leaving.push_back(slots.slot_of(move.from));
    ++send[to_index(slots.rank_of(move.to))];
  }
  for (const SlotMove& move : in_rank_order(moves, &SlotMove::from, slots)) {
    if (slots.rank_of(move.to) != experts.rank()) continue;
    arriving.push_back(slots.slot_of(move.to));
    ++receive[to_index(slots.rank_of(move.from))];
  }
  const Buffer out({std::ssize(leaving), elements}, dtype, stream.device());
  const Buffer in({std::ssize(arriving), elements}, dtype, stream.device());
  const auto row = [&](const Buffer& rows, std::size_t i) {
    const auto begin = static_cast<std::int64_t>(i);
    return rows.tensor().row_range(begin, begin + 1).view({elements});
  };
  for (std::size_t i = 0; i < leaving.size(); ++i) pack(leaving[i], row(out, i));
  experts.all_to_all_rows(out, send, in, receive, stream);
  for (std::size_t i = 0; i < arriving.size(); ++i) arrive(arriving[i], row(in, i));
}

}  // namespace switchyard
