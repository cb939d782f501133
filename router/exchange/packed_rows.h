// PackedRows: some of a plan's rows, packed to travel. The exchanges that send through a Comm are
// made of these. A rank's rows for its own experts do not travel: they are moved directly, rounded
// to the payload as if they had.
#pragma once

#include "router/exchange/plan_part.h"
#include "router/payload.h"

namespace switchyard {

struct PackedRows {
  Payload payload;
  Tensor leaving, arriving;  // u8; the rank's own rows have a place in both, which stays empty
  Counts send, receive;      // rows by rank
};

// Collective.
void send_packed(Comm& experts, const PackedRows& packed, Stream& stream);
// As Comm::all_to_all_rows, timed as travel.
void send_rows(Comm& comm, Tensor in, const Counts& send, Tensor out, const Counts& receive,
               Stream& stream);

// On the tokens' rank: x's rows for the part's slots on other ranks.
PackedRows pack_dispatch(Payload payload, Tensor x, const PlanPart& part, Arena& arena,
                         Stream& stream);
// On the experts' rank: writes into `rows` what arrived, and x's rows for the rank's own experts.
// weights: of all received rows, or Tensor{}.
void unpack_dispatch(const PackedRows& packed, Tensor x, Tensor weights, const PlanPart& part,
                     Tensor rows, Arena& arena, Stream& stream);
// On the experts' rank: results for the part's received rows of other ranks. Rows that need no
// unpacking arrive in `slots` directly.
PackedRows pack_combine(Payload payload, Tensor rows, const PlanPart& part, Tensor slots,
                        Arena& arena, Stream& stream);
// On the tokens' rank: writes into `slots` what arrived, and the results of the rank's own experts,
// which are in `rows`.
void unpack_combine(const PackedRows& packed, Tensor rows, const PlanPart& part, Tensor slots,
                    Arena& arena, Stream& stream);

// Zeroes the rows that fill up segments, all at once.
void zero_padding(std::span<const Segment> segments, Tensor rows, Arena& arena, Stream& stream);

}  // namespace switchyard
