// Parcel: some of a plan's rows, packed to travel. The exchanges that send through a Comm are made
// of these. Rows of a rank for its own experts do not travel: they go from place to place at once,
// rounded to the payload as if they had.
#pragma once

#include <vector>

#include "router/payload.h"
#include "router/plan/plan.h"
#include "runtime/comm/counts.h"

namespace switchyard {

// For each rank of the group, a range of my slots for it and of the rows it sends me.
struct PlanPart {
  int my_rank;
  Counts slot_begin, send;         // at home
  Counts received_begin, receive;  // at the experts
};

PlanPart whole_part(const Plan& plan, int my_rank);
// Rows to and from the ranks that `of_part` names.
PlanPart part_of_ranks(const Plan& plan, int my_rank, const std::vector<bool>& of_part);
// Rows of the chunk's share of every rank's experts: chunk i of n holds the experts [h i / n,
// h (i + 1) / n) of the h that a rank hosts.
PlanPart part_of_chunk(const Plan& plan, int my_rank, int chunk, int num_chunks);

struct Parcel {
  Tensor leaving, arriving;  // u8; the places of my own rows are there, and empty
  Counts send, receive;      // rows by rank
};

// Collective.
void send_parcel(Comm& experts, const Parcel& parcel, Stream& stream);
// As Comm::all_to_all_rows, timed as travel.
void send_rows(Comm& comm, Tensor in, const Counts& send, Tensor out, const Counts& receive,
               Stream& stream);

// At home: x's rows for the part's slots on other ranks.
Parcel pack_dispatch(Payload payload, Tensor x, const Plan& plan, const PlanPart& part,
                     Arena& arena, Stream& stream);
// At the experts: what arrived, and x's rows for my own. weights: of all received rows, or
// Tensor{}.
void unpack_dispatch(Payload payload, const Parcel& parcel, Tensor x, Tensor weights,
                     const Plan& plan, const PlanPart& part, Tensor rows, Arena& arena,
                     Stream& stream);
// At the experts: results for the part's received rows of other ranks. Rows that need no unpacking
// arrive in `slots` directly.
Parcel pack_combine(Payload payload, Tensor rows, const Plan& plan, const PlanPart& part,
                    Tensor slots, Arena& arena, Stream& stream);
// At home: what arrived, and my own experts' results in `rows`.
void unpack_combine(Payload payload, const Parcel& parcel, Tensor rows, const Plan& plan,
                    const PlanPart& part, Tensor slots, Arena& arena, Stream& stream);

// out[i] = values[index[i]], elements of four bytes.
Tensor picked(Tensor values, Tensor index, Arena& arena, Stream& stream);
// weight[t, c] by slot, at home: [num_slots].
Tensor weights_of_slots(Tensor weight, const Plan& plan, Arena& arena, Stream& stream);
// Collective. The weights of all received rows, [num_received]; Tensor{} if weight is.
Tensor weights_of_received(Tensor weight, const Plan& plan, Comm& experts, Arena& arena,
                           Stream& stream);
void zero_padding(std::span<const Segment> segments, Tensor rows, Stream& stream);

}  // namespace switchyard
