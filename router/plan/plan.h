// Plan: where every (token, choice) goes and how it comes back. Pure data, built once per layer and
// micro-batch.
#pragma once

#include <cstdint>
#include <vector>

#include "experts/placement.h"
#include "experts/shard.h"
#include "router/gate/routing.h"
#include "router/plan/serving.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct Plan {
  // On the tokens' rank. A slot is a row of the send buffer. Slots are sorted by (copy of the
  // expert, token, choice), where Placement numbers the copies, by rank.
  Tensor token_of_slot;                // [slots] i32
  Tensor slot_of_choice;               // [T, k] i32, -1 for a dropped choice
  std::vector<std::int64_t> send;      // slots for each rank of the expert group
  std::vector<std::int64_t> outgoing;  // [copies]: slots for each copy of an expert
  std::vector<std::int64_t> hosted;    // [ranks]: copies on each rank of the group

  // On the experts' rank. Received rows arrive by source rank; they are put in the order expert,
  // source rank (which is the order of micro-batches), token, choice; on a GPU each segment is
  // padded with zero rows to a multiple of row_tile.
  Tensor row_of_received;             // [received] i32: the row in the shard's buffer
  std::vector<std::int64_t> receive;  // rows from each rank of the expert group
  std::vector<Segment> segments;
  std::int64_t num_slots = 0, num_received = 0, num_shard_rows = 0;
};

// What make_plan takes from its arena: for the rows that leave, and for those that arrive.
struct SlotTensors {
  Tensor token_of_slot, slot_of_choice;  // see Plan
  Tensor copies;                         // [experts] i32: the copy that serves this rank
  static SlotTensors take(Arena& arena, std::int64_t slots, Shape choices,
                          std::int64_t num_experts);
};
struct ReceivedTensors {
  Tensor row_of_received;  // see Plan
  Tensor runs;             // [segments, 3] i32, see RowOps::number_rows
  static ReceivedTensors take(Arena& arena, std::int64_t received, std::int64_t segments);
};

// What segments say of the sequences of their rows.
struct PlanSequences {
  std::int64_t count = 0;         // of a micro-batch, the same on all ranks; 0: they say nothing
  std::int64_t micro_batch = -1;  // this rank's, by its index in the step
};

// Collective over `experts` (one small exchange of counts, unless they are known). Index tensors
// live in `arena`. sequences: on a CPU; all of a micro-batch have as many tokens.
Plan make_plan(const Routing& routing, const Serving& serving, Comm& experts, Arena& arena,
               Stream& stream, const PlanSequences& sequences = {});
Plan make_plan(const Routing& routing, const Placement& placement, Comm& experts, Arena& arena,
               Stream& stream, const PlanSequences& sequences = {});

}  // namespace switchyard
