// Sends the matrices of experts between slots of an expert group: one row per slot.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "experts/placement.h"
#include "experts/shard.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct SlotAt {
  int rank, slot;  // of the expert group
};
struct SlotMove {
  SlotAt from, to;
};
inline SlotAt slot_at(const Placement& placement, int copy) {
  return {placement.rank_of(copy), placement.slot_of(copy)};
}

// Of what a slot's row is: gradients, or what holds the values (Params::stored).
enum class SlotRow : std::uint8_t { gradients, values };
// The parts of one slot (gate, up, down) and where each begins in its row.
struct SlotParts {
  std::vector<ParamId> ids;
  std::vector<std::int64_t> begins;
  std::int64_t elements = 0;  // of the row
};
SlotParts slot_parts(const Params& params, const ExpertShard& shard, int slot, SlotRow row);

// A row [elements] of one of my slots.
using SlotWork = std::function<void(int slot, Tensor row)>;

// Collective over the expert group; all ranks pass the same moves. Calls pack(slot, row) for every
// row that leaves, in an order that the moves alone decide, and then arrive(slot, row) for every
// row that came. elements: of a row. The rows lie in `scratch` meanwhile.
void send_slots(std::span<const SlotMove> moves, std::int64_t elements, DType dtype, Comm& experts,
                const SlotWork& pack, const SlotWork& arrive, Arena& scratch, Stream& stream);

}  // namespace switchyard
