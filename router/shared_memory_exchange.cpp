#include "router/shared_memory_exchange.h"

#include <algorithm>
#include <cstring>

#include "runtime/trace.h"

namespace switchyard {
namespace {

constexpr std::int64_t window_line = 64;

std::int64_t window_lines(std::int64_t bytes) {
  return (bytes + window_line - 1) / window_line * window_line;
}

}  // namespace

// One rank's half of the window: this, then the first row for each neighbour, then what the
// offsets point to (bytes from here). Its ranks agree on nothing else.
struct SharedMemoryExchange::Offer {
  std::int64_t tokens, weights, rows, end, num_rows;

  std::int64_t* begin() { return reinterpret_cast<std::int64_t*>(this + 1); }
  // Room for a tensor at the end of what is offered.
  Tensor add(std::int64_t& place, Shape shape, DType dtype) {
    place = end;
    end += window_lines(shape.size() * bytes_of(dtype));
    return at(place, shape, dtype);
  }
  Tensor at(std::int64_t offset, Shape shape, DType dtype) {
    return {reinterpret_cast<std::byte*>(this) + offset, shape, dtype, Device::cpu()};
  }
};

SharedMemoryExchange::SharedMemoryExchange(Payload payload, std::int64_t hidden, int ranks_per_node,
                                           Comm& experts)
    : payload_(payload),
      experts_(experts),
      topology_(make_topology(experts, ranks_per_node)),
      row_bytes_(payload_row_bytes(payload, hidden)) {
  for (const int node : topology_.node_of) outside_.push_back(node != topology_.my_node);
}

void SharedMemoryExchange::prepare(Plan& plan, Arena&, Stream& stream) {
  const Span span(stream, "plan");
  const std::int64_t header =
      window_lines(static_cast<std::int64_t>(sizeof(Offer)) + 8 * topology_.node->size());
  const std::int64_t tokens = plan.slot_of_choice.rows();
  const std::int64_t dispatch =
      2 * window_lines(4 * plan.num_slots) + window_lines(tokens * row_bytes_);
  const std::int64_t combine = window_lines(plan.num_received * row_bytes_);
  const std::int64_t needed =
      reduce_one(*topology_.node, header + std::max(dispatch, combine), Reduce::max);
  if (needed <= half_bytes_) return;
  half_bytes_ = window_lines(needed + needed / 8);  // room for a fuller micro-batch
  window_.reset();
  window_ = topology_.node->shared_window(2 * half_bytes_);
}

SharedMemoryExchange::Offer& SharedMemoryExchange::offer_of(int member) const {
  return *reinterpret_cast<Offer*>(window_->part(member) + half_ * half_bytes_);
}

SharedMemoryExchange::Offer& SharedMemoryExchange::start_offer(const Counts& begin) {
  half_ = 1 - half_;
  Offer& offer = offer_of(topology_.node->rank());
  const std::vector<int>& members = topology_.ranks[at(topology_.my_node)];
  offer = {};
  for (std::size_t i = 0; i < members.size(); ++i) offer.begin()[i] = begin[at(members[i])];
  offer.end = window_lines(static_cast<std::int64_t>(sizeof(Offer)) + 8 * std::ssize(members));
  return offer;
}

void SharedMemoryExchange::share(Stream& stream) {
  const Span span(stream, "exchange");
  window_->fence();
}

void SharedMemoryExchange::dispatch(Tensor x, Tensor weight, const Plan& plan, Tensor rows,
                                    Arena& arena, Stream& stream) {
  const PlanPart all = whole_part(plan);
  Offer& mine = start_offer(all.slot_begin);
  const Tensor tokens = mine.add(mine.tokens, {plan.num_slots}, DType::i32);
  std::memcpy(tokens.data, plan.token_of_slot.data, static_cast<std::size_t>(tokens.bytes()));
  if (given(weight)) {
    const Tensor weights = mine.add(mine.weights, {plan.num_slots}, DType::f32);
    const Tensor by_slot = weights_of_slots(weight, plan, arena, stream);
    std::memcpy(weights.data, by_slot.data, static_cast<std::size_t>(weights.bytes()));
  }
  mine.num_rows = x.rows();
  pack_rows(payload_, x, Tensor{}, mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8),
            stream);
  share(stream);

  const std::vector<int>& members = topology_.ranks[at(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {  // each reads another neighbour first
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = at(members[at(member)]);
    Offer& offer = offer_of(member);
    const std::int64_t first = 4 * offer.begin()[topology_.node->rank()];
    const std::int64_t count = plan.receive[source], begin = all.received_begin[source];
    unpack_rows(payload_, offer.at(offer.rows, {offer.num_rows, row_bytes_}, DType::u8),
                offer.at(offer.tokens + first, {count}, DType::i32),
                given(weight) ? offer.at(offer.weights + first, {count}, DType::f32) : Tensor{},
                rows, plan.row_of_received.range(begin, begin + count), stream);
  }
  if (topology_.num_nodes() > 1) {
    const PlanPart part = part_of_ranks(plan, outside_);
    const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);
    const Parcel parcel = pack_dispatch(payload_, x, plan, part, arena, stream);
    send_parcel(experts_, parcel, stream);
    unpack_dispatch(payload_, parcel, weights, plan, part, rows, arena, stream);
  }
  zero_padding(plan.segments, rows, stream);
}

void SharedMemoryExchange::combine(Tensor rows, const Plan& plan, Tensor slots, Arena& arena,
                                   Stream& stream) {
  const PlanPart all = whole_part(plan);
  Offer& mine = start_offer(all.received_begin);
  mine.num_rows = plan.num_received;
  pack_rows(payload_, rows, plan.row_of_received,
            mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8), stream);
  share(stream);

  const std::vector<int>& members = topology_.ranks[at(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = at(members[at(member)]);
    Offer& offer = offer_of(member);
    const std::int64_t first = offer.begin()[topology_.node->rank()] * row_bytes_;
    const std::int64_t count = plan.send[source], begin = all.slot_begin[source];
    unpack_rows(payload_, offer.at(offer.rows + first, {count, row_bytes_}, DType::u8), Tensor{},
                Tensor{}, slots.row_range(begin, begin + count), Tensor{}, stream);
  }
  if (topology_.num_nodes() > 1) {
    const PlanPart part = part_of_ranks(plan, outside_);
    const Parcel parcel = pack_combine(payload_, rows, plan, part, slots, arena, stream);
    send_parcel(experts_, parcel, stream);
    unpack_combine(payload_, parcel, part, slots, stream);
  }
}

}  // namespace switchyard
