// Plan: where every (token, choice) goes and how it comes back. Pure data, built once per layer and
// micro-batch.
#pragma once

#include <cstdint>
#include <vector>

#include "experts/placement.h"
#include "experts/shard.h"
#include "router/plan/hops.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// What a gate decided for T tokens. T may be 0: a rank without a micro-batch still takes part.
struct Routing {
  Tensor input;                      // [T, hidden] f32: what the router read
  Tensor logits;                     // [T, experts] f32
  Tensor noise_slope;                // [T, experts] f32, of noisy gates: see RouterOps::add_noise
  Tensor probability;                // [T, experts] f32, see RouterOps::score
  Tensor log_sum;                    // [T] f32, log of the sum of exponentials of the logits
  Tensor expert;                     // [T, k] i32, best first; a dropped choice is ~expert (< 0)
  Tensor weight;                     // [T, k] f32, of dropped choices too
  std::vector<std::int64_t> counts;  // [experts]: (token, choice) pairs of this micro-batch
  std::vector<std::int64_t> wanted;  // the same with the dropped ones
  // Of the runs of tokens over which the balance loss is taken, in order: the choices with the
  // dropped ones, and the sums of `probability`; [runs, experts].
  std::vector<std::int64_t> wanted_of_runs;
  std::vector<double> probability_of_runs;
  double log_sum_squares = 0.0;  // over all tokens
};

struct Plan {
  // At home. A slot is a row of the send buffer; slots are sorted by (copy of the expert, token,
  // choice), copies as Placement numbers them: by rank.
  Tensor token_of_slot;                // [slots] i32
  Tensor slot_of_choice;               // [T, k] i32, -1 for a dropped choice
  std::vector<std::int64_t> send;      // slots for each rank of the expert group
  std::vector<std::int64_t> outgoing;  // [copies]: slots for each copy of an expert
  std::vector<std::int64_t> hosted;    // [ranks]: copies on each rank of the group

  // At the experts. Received rows arrive by source rank; they are put in the order expert, source
  // rank (which is the order of micro-batches), token, choice; on a GPU each segment is padded with
  // zero rows to a multiple of row_tile.
  Tensor row_of_received;             // [received] i32: where the row stands in the shard's buffer
  std::vector<std::int64_t> receive;  // rows from each rank of the expert group
  std::vector<Segment> segments;
  std::int64_t num_slots = 0, num_received = 0, num_shard_rows = 0;

  Hops hops;  // filled by an exchange that goes by node (router/plan/hops.h)
};

// Collective over `experts` (one small exchange of counts). Index tensors live in `arena`.
void make_plan(const Routing& routing, const Placement& placement, Comm& experts, Arena& arena,
               Plan& plan, Stream& stream);

}  // namespace switchyard
