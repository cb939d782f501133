#include "router/exchange/packed_rows.h"

#include <numeric>
#include <vector>

#include "router/row_ops.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// A range [begin, end) of rows sorted by rank.
struct Range {
  std::int64_t begin, end;
};
Range range_of_rank(const Counts& count, int rank) {
  const std::int64_t begin = std::accumulate(count.begin(), count.begin() + rank, std::int64_t{0});
  return {begin, begin + count[to_index(rank)]};
}
// The ranges before and after this rank's own one.
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

// The part's elements of an index over all rows, rank by rank; a whole index is not copied.
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

// out[to[i]] = in[from[i]] * weight[i], as unpack_rows says.
struct Move {
  Tensor in, from, weight, out, to;
};

// For rows that stay on their rank.
void move_own(Payload payload, const Move& move, Arena& arena, Stream& stream) {
  if (payload == Payload::f32) {
    return unpack_rows(payload, as_bytes(move.in), move.from, move.weight, move.out, move.to,
                       stream);
  }
  const ArenaScope scope(arena);
  const Tensor packed =
      arena.take({move.from.size(), payload_row_bytes(payload, move.in.cols())}, DType::u8);
  pack_rows(payload, move.in, move.from, packed, stream);
  unpack_rows(payload, packed, Tensor{}, move.weight, move.out, move.to, stream);
}

Tensor take_rows(Payload payload, std::int64_t rows, std::int64_t hidden, Arena& arena) {
  return arena.take({rows, payload_row_bytes(payload, hidden)}, DType::u8);
}

}  // namespace

void send_rows(Comm& comm, Tensor in, const Counts& send, Tensor out, const Counts& receive,
               Stream& stream) {
  const Span span(stream, "exchange");
  comm.all_to_all_rows(in, send, out, receive, stream);
}

void send_packed(Comm& experts, const PackedRows& packed, Stream& stream) {
  const Span span(stream, "exchange");
  experts.exchange_rows(packed.leaving, packed.send, packed.arriving, packed.receive, stream);
}

PackedRows pack_dispatch(Payload payload, Tensor x, const PlanPart& part, Arena& arena,
                         Stream& stream) {
  PackedRows packed{payload, take_rows(payload, total_of(part.send), x.cols(), arena),
                    take_rows(payload, total_of(part.receive), x.cols(), arena), part.send,
                    part.receive};
  const Tensor token =
      part_of_index(part.plan.token_of_slot, part.slot_begin, part.send, arena, stream);
  for (const Range& range : ranges_of_others(part.send, part.my_rank))
    pack_rows(payload, x, in_range(token, range), rows_in(packed.leaving, range), stream);
  return packed;
}

void unpack_dispatch(const PackedRows& packed, Tensor x, Tensor weights, const PlanPart& part,
                     Tensor rows, Arena& arena, Stream& stream) {
  const Plan& plan = part.plan;
  const Tensor row =
      part_of_index(plan.row_of_received, part.received_begin, part.receive, arena, stream);
  const Tensor weight =
      !given(weights) ? Tensor{}
                      : part_of_index(weights, part.received_begin, part.receive, arena, stream);
  for (const Range& range : ranges_of_others(part.receive, part.my_rank)) {
    unpack_rows(packed.payload, rows_in(packed.arriving, range), Tensor{}, in_range(weight, range),
                rows, in_range(row, range), stream);
  }
  const std::int64_t first = part.slot_begin[to_index(part.my_rank)],
                     count = part.send[to_index(part.my_rank)];
  const Range own = range_of_rank(part.receive, part.my_rank);
  move_own(packed.payload,
           {x, plan.token_of_slot.range(first, first + count), in_range(weight, own), rows,
            in_range(row, own)},
           arena, stream);
}

PackedRows pack_combine(Payload payload, Tensor rows, const PlanPart& part, Tensor slots,
                        Arena& arena, Stream& stream) {
  PackedRows packed{payload, take_rows(payload, total_of(part.receive), rows.cols(), arena),
                    Tensor{}, part.receive, part.send};
  const std::int64_t arriving = total_of(part.send);
  if (payload == Payload::f32 && arriving == slots.rows()) {
    packed.arriving = {slots.data, {arriving, 4 * slots.cols()}, DType::u8, slots.device};
  } else {
    packed.arriving = take_rows(payload, arriving, rows.cols(), arena);
  }
  const Tensor row =
      part_of_index(part.plan.row_of_received, part.received_begin, part.receive, arena, stream);
  for (const Range& range : ranges_of_others(part.receive, part.my_rank))
    pack_rows(payload, rows, in_range(row, range), rows_in(packed.leaving, range), stream);
  return packed;
}

void unpack_combine(const PackedRows& packed, Tensor rows, const PlanPart& part, Tensor slots,
                    Arena& arena, Stream& stream) {
  const auto slots_for = [&](int rank) {
    return slots.row_range(part.slot_begin[to_index(rank)],
                           part.slot_begin[to_index(rank)] + part.send[to_index(rank)]);
  };
  for (int rank = 0; rank < static_cast<int>(part.send.size()); ++rank) {
    if (rank == part.my_rank || part.send[to_index(rank)] == 0 ||
        packed.arriving.data == slots.data)
      continue;
    unpack_rows(packed.payload, rows_in(packed.arriving, range_of_rank(part.send, rank)), Tensor{},
                Tensor{}, slots_for(rank), Tensor{}, stream);
  }
  const std::int64_t first = part.received_begin[to_index(part.my_rank)],
                     count = part.receive[to_index(part.my_rank)];
  move_own(packed.payload,
           {rows, part.plan.row_of_received.range(first, first + count), Tensor{},
            slots_for(part.my_rank), Tensor{}},
           arena, stream);
}

void zero_padding(std::span<const Segment> segments, Tensor rows, Arena& arena, Stream& stream) {
  std::vector<std::int32_t> padding;
  for (const Segment& segment : segments) {
    for (std::int64_t row = segment.begin + segment.rows; row < segment.end(); ++row)
      padding.push_back(static_cast<std::int32_t>(row));
  }
  if (padding.empty()) return;
  const Tensor index = on_device(tensor_of(padding.data(), {std::ssize(padding)}), arena, stream);
  RowOps::on(stream.device()).zero_rows(index, rows, stream);
}

}  // namespace switchyard
