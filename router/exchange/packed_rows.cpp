#include "router/exchange/parcel.h"

#include <algorithm>

#include "router/row_ops.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// Ranges [begin, end) of rows that stand by rank.
struct Range {
  std::int64_t begin, end;
};
Range range_of_rank(const Counts& count, int rank) {
  const std::int64_t begin = std::accumulate(count.begin(), count.begin() + rank, std::int64_t{0});
  return {begin, begin + count[to_index(rank)]};
}
// All but my own: what stands before it, and after it.
std::vector<Range> ranges_of_others(const Counts& count, int my_rank) {
  const Range own = range_of_rank(count, my_rank);
  std::vector<Range> ranges = {{0, own.begin}, {own.end, total_of(count)}};
  std::erase_if(ranges, [](const Range& range) { return range.begin == range.end; });
  return ranges;
}
Tensor in_range(Tensor index, const Range& range) {
  return given(index) ? index.range(range.begin, range.end) : Tensor{};
}
Tensor rows_in(Tensor rows, const Range& range) { return rows.row_range(range.begin, range.end); }

// The part's elements of an index over all rows, rank by rank; all of it needs no copy.
Tensor part_of_index(Tensor index, const Counts& begin, const Counts& count, Arena& arena,
                     Stream& stream) {
  const std::int64_t total = total_of(count);
  if (total == index.size()) return index;
  const Tensor part = arena.take({total}, index.dtype);
  std::int64_t done = 0;
  for (std::size_t rank = 0; rank < count.size(); ++rank) {
    RuntimeOps::on(stream.device())
        .copy(index.range(begin[rank], begin[rank] + count[rank]),
              part.range(done, done + count[rank]), stream);
    done += count[rank];
  }
  return part;
}

// to[j] = in[from[i]] * weight[i] for rows that stay here, where j = to_row[i], or i.
void move_own(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor to, Tensor to_row,
              Arena& arena, Stream& stream) {
  if (payload == Payload::f32)
    return unpack_rows(payload, as_bytes(in), from, weight, to, to_row, stream);
  const ArenaScope scope(arena);
  const Tensor packed = arena.take({from.size(), payload_row_bytes(payload, in.cols())}, DType::u8);
  pack_rows(payload, in, from, packed, stream);
  unpack_rows(payload, packed, Tensor{}, weight, to, to_row, stream);
}

Tensor take_rows(Payload payload, std::int64_t rows, std::int64_t hidden, Arena& arena) {
  return arena.take({rows, payload_row_bytes(payload, hidden)}, DType::u8);
}

}  // namespace

PlanPart whole_part(const Plan& plan, int my_rank) {
  return {my_rank, begins_of(plan.send), plan.send, begins_of(plan.receive), plan.receive};
}

PlanPart part_of_ranks(const Plan& plan, int my_rank, const std::vector<bool>& of_part) {
  PlanPart part = whole_part(plan, my_rank);
  for (std::size_t rank = 0; rank < of_part.size(); ++rank) {
    if (!of_part[rank]) part.send[rank] = part.receive[rank] = 0;
  }
  return part;
}

PlanPart part_of_chunk(const Plan& plan, int my_rank, int chunk, int num_chunks) {
  PlanPart part = whole_part(plan, my_rank);
  const std::size_t num_ranks = plan.send.size();
  const Counts slot_begin = begins_of(plan.outgoing), copy_begin = begins_of(plan.hosted);
  const auto first_of = [&](std::int64_t hosted, int number) {
    return hosted * number / num_chunks;
  };
  for (std::size_t rank = 0; rank < num_ranks; ++rank) {
    const std::int64_t first = copy_begin[rank] + first_of(plan.hosted[rank], chunk);
    const std::int64_t end = copy_begin[rank] + first_of(plan.hosted[rank], chunk + 1);
    part.send[rank] = std::accumulate(plan.outgoing.begin() + first, plan.outgoing.begin() + end,
                                      std::int64_t{0});
    if (first < end) part.slot_begin[rank] = slot_begin[to_index(first)];
  }
  const std::int64_t mine = std::ssize(plan.segments) / std::ssize(plan.send);
  const std::int64_t first = first_of(mine, chunk), end = first_of(mine, chunk + 1);
  std::fill(part.receive.begin(), part.receive.end(), 0);
  for (std::int64_t slot = 0; slot < end; ++slot) {
    for (std::size_t source = 0; source < num_ranks; ++source) {
      const std::int64_t rows = plan.segments[to_index(slot) * num_ranks + source].rows;
      (slot < first ? part.received_begin : part.receive)[source] += rows;
    }
  }
  return part;
}

void send_rows(Comm& comm, Tensor in, const Counts& send, Tensor out, const Counts& receive,
               Stream& stream) {
  const Span span(stream, "exchange");
  comm.all_to_all_rows(in, send, out, receive, stream);
}

void send_parcel(Comm& experts, const Parcel& parcel, Stream& stream) {
  const Span span(stream, "exchange");
  experts.exchange_rows(parcel.leaving, parcel.send, parcel.arriving, parcel.receive, stream);
}

Parcel pack_dispatch(Payload payload, Tensor x, const Plan& plan, const PlanPart& part,
                     Arena& arena, Stream& stream) {
  Parcel parcel{take_rows(payload, total_of(part.send), x.cols(), arena),
                take_rows(payload, total_of(part.receive), x.cols(), arena), part.send,
                part.receive};
  const Tensor token = part_of_index(plan.token_of_slot, part.slot_begin, part.send, arena, stream);
  for (const Range& range : ranges_of_others(part.send, part.my_rank))
    pack_rows(payload, x, in_range(token, range), rows_in(parcel.leaving, range), stream);
  return parcel;
}

void unpack_dispatch(Payload payload, const Parcel& parcel, Tensor x, Tensor weights,
                     const Plan& plan, const PlanPart& part, Tensor rows, Arena& arena,
                     Stream& stream) {
  const Tensor row =
      part_of_index(plan.row_of_received, part.received_begin, part.receive, arena, stream);
  const Tensor weight =
      !given(weights) ? Tensor{}
                      : part_of_index(weights, part.received_begin, part.receive, arena, stream);
  for (const Range& range : ranges_of_others(part.receive, part.my_rank)) {
    unpack_rows(payload, rows_in(parcel.arriving, range), Tensor{}, in_range(weight, range), rows,
                in_range(row, range), stream);
  }
  const std::int64_t first = part.slot_begin[to_index(part.my_rank)],
                     count = part.send[to_index(part.my_rank)];
  const Range own = range_of_rank(part.receive, part.my_rank);
  move_own(payload, x, plan.token_of_slot.range(first, first + count), in_range(weight, own), rows,
           in_range(row, own), arena, stream);
}

Parcel pack_combine(Payload payload, Tensor rows, const Plan& plan, const PlanPart& part,
                    Tensor slots, Arena& arena, Stream& stream) {
  Parcel parcel{take_rows(payload, total_of(part.receive), rows.cols(), arena), Tensor{},
                part.receive, part.send};
  const std::int64_t arriving = total_of(part.send);
  if (payload == Payload::f32 && arriving == slots.rows()) {
    parcel.arriving = {slots.data, {arriving, 4 * slots.cols()}, DType::u8, slots.device};
  } else {
    parcel.arriving = take_rows(payload, arriving, rows.cols(), arena);
  }
  const Tensor row =
      part_of_index(plan.row_of_received, part.received_begin, part.receive, arena, stream);
  for (const Range& range : ranges_of_others(part.receive, part.my_rank))
    pack_rows(payload, rows, in_range(row, range), rows_in(parcel.leaving, range), stream);
  return parcel;
}

void unpack_combine(Payload payload, const Parcel& parcel, Tensor rows, const Plan& plan,
                    const PlanPart& part, Tensor slots, Arena& arena, Stream& stream) {
  const auto slots_for = [&](int rank) {
    return slots.row_range(part.slot_begin[to_index(rank)],
                           part.slot_begin[to_index(rank)] + part.send[to_index(rank)]);
  };
  for (int rank = 0; rank < static_cast<int>(part.send.size()); ++rank) {
    if (rank == part.my_rank || part.send[to_index(rank)] == 0 ||
        parcel.arriving.data == slots.data)
      continue;
    unpack_rows(payload, rows_in(parcel.arriving, range_of_rank(part.send, rank)), Tensor{},
                Tensor{}, slots_for(rank), Tensor{}, stream);
  }
  const std::int64_t first = part.received_begin[to_index(part.my_rank)],
                     count = part.receive[to_index(part.my_rank)];
  move_own(payload, rows, plan.row_of_received.range(first, first + count), Tensor{},
           slots_for(part.my_rank), Tensor{}, arena, stream);
}

Tensor picked(Tensor values, Tensor index, Arena& arena, Stream& stream) {
  const Tensor out = arena.take({index.size()}, values.dtype);
  const auto column = [](Tensor tensor) {
    return Tensor{tensor.data, {tensor.size(), 1}, DType::f32, tensor.device};
  };
  RowOps::on(stream.device()).gather_rows(column(values), index, column(out), stream);
  return out;
}

Tensor weights_of_slots(Tensor weight, const Plan& plan, Arena& arena, Stream& stream) {
  const Tensor by_slot = arena.take({plan.num_slots});
  RowOps::on(stream.device()).place_choices(weight, plan.slot_of_choice, by_slot, stream);
  return by_slot;
}

Tensor weights_of_received(Tensor weight, const Plan& plan, Comm& experts, Arena& arena,
                           Stream& stream) {
  if (!given(weight)) return {};
  const Tensor received = arena.take({plan.num_received, 1});
  send_rows(experts, weights_of_slots(weight, plan, arena, stream).view({plan.num_slots, 1}),
            plan.send, received, plan.receive, stream);
  return received.view({plan.num_received});
}

void zero_padding(std::span<const Segment> segments, Tensor rows, Stream& stream) {
  for (const Segment& segment : segments) {
    if (segment.padding == 0) continue;
    RuntimeOps::on(stream.device())
        .zero(rows.row_range(segment.begin + segment.rows, segment.end()), stream);
  }
}

}  // namespace switchyard
