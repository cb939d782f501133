#include "experts/slot_rows.h"

#include <algorithm>

#include "runtime/comm/counts.h"

namespace switchyard {
namespace {

// The moves in the order of the ranks on one of their sides, as all_to_all_rows wants them.
std::vector<SlotMove> in_rank_order(std::span<const SlotMove> moves, SlotAt SlotMove::*side) {
  std::vector<SlotMove> ordered(moves.begin(), moves.end());
  std::stable_sort(ordered.begin(), ordered.end(), [&](const SlotMove& a, const SlotMove& b) {
    return (a.*side).rank < (b.*side).rank;
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

void send_slots(std::span<const SlotMove> moves, std::int64_t elements, DType dtype, Comm& experts,
                const SlotWork& pack, const SlotWork& arrive, Arena& scratch, Stream& stream) {
  const ArenaScope scope(scratch);
  std::vector<int> leaving, arriving;  // slots
  Counts send(to_index(experts.size()), 0), receive(to_index(experts.size()), 0);
  for (const SlotMove& move : in_rank_order(moves, &SlotMove::to)) {
    if (move.from.rank != experts.rank()) continue;
    leaving.push_back(move.from.slot);
    ++send[to_index(move.to.rank)];
  }
  for (const SlotMove& move : in_rank_order(moves, &SlotMove::from)) {
    if (move.to.rank != experts.rank()) continue;
    arriving.push_back(move.to.slot);
    ++receive[to_index(move.from.rank)];
  }
  const Tensor out = scratch.take({std::ssize(leaving), elements}, dtype),
               in = scratch.take({std::ssize(arriving), elements}, dtype);
  const auto row = [&](Tensor rows, std::size_t i) {
    const auto begin = static_cast<std::int64_t>(i);
    return rows.row_range(begin, begin + 1).view({elements});
  };
  for (std::size_t i = 0; i < leaving.size(); ++i) pack(leaving[i], row(out, i));
  experts.all_to_all_rows(out, send, in, receive, stream);
  for (std::size_t i = 0; i < arriving.size(); ++i) arrive(arriving[i], row(in, i));
}

}  // namespace switchyard
