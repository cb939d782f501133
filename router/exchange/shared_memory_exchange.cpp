#include "router/exchange/shared_memory_exchange.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "runtime/device/trace.h"

namespace switchyard {
namespace {

constexpr std::int64_t window_line = 64;

std::int64_t window_lines(std::int64_t bytes) {
  return (bytes + window_line - 1) / window_line * window_line;
}

}  // namespace

// What one rank offers: this, the first row for each neighbour, and what the offsets point to
// (bytes from here). Its ranks agree on nothing else. No index: rows stand in the order of their
// readers.
struct SharedMemoryExchange::Offer {
  std::int64_t index, weights, rows, num_rows, row_bytes, end;

  std::int64_t* begin() { return reinterpret_cast<std::int64_t*>(this + 1); }
  // Room for a tensor at the end of what is offered.
  Tensor add(std::int64_t& place, Shape shape, DType dtype) {
    place = end;
    end += window_lines(shape.size() * bytes_of(dtype));
    return at(place, shape, dtype);
  }
  void add_copy(std::int64_t& place, Tensor tensor) {
    const Tensor copy = add(place, tensor.shape, tensor.dtype);
    if (!tensor.empty())
      std::memcpy(copy.data, tensor.data, static_cast<std::size_t>(tensor.bytes()));
  }
  // The `count` rows from number `first` on, and the index they stand by.
  Tensor rows_from(std::int64_t first, std::int64_t count) {
    const Tensor all = at(rows, {num_rows, row_bytes}, DType::u8);
    return index == 0 ? all.row_range(first, first + count) : all;
  }
  Tensor index_from(std::int64_t first, std::int64_t count) {
    return index == 0 ? Tensor{} : at(index + 4 * first, {count}, DType::i32);
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

std::int64_t SharedMemoryExchange::header_bytes() const {
  return window_lines(static_cast<std::int64_t>(sizeof(Offer)) + 8 * topology_.node->size());
}

std::unique_ptr<const PreparedPlan> SharedMemoryExchange::prepare(Plan plan, Arena& arena,
                                                                  Stream& stream) {
  const Span span(stream, "plan");
  const std::int64_t tokens = plan.slot_of_choice.rows();
  std::array<std::int64_t, 2> needed = {
      header_bytes() + 2 * window_lines(4 * plan.num_slots) + window_lines(tokens * row_bytes_),
      header_bytes() + window_lines(4 * plan.num_received) +
          window_lines(plan.num_shard_rows * row_bytes_)};
  topology_.node->all_reduce(tensor_of(needed.data(), {2}), Reduce::max, stream);
  grow_window(needed[0], needed[1]);
  return Exchange::prepare(std::move(plan), arena, stream);
}

void SharedMemoryExchange::grow_window(std::int64_t out_bytes, std::int64_t home_bytes) {
  if (out_bytes <= out_bytes_ && home_bytes <= home_bytes_) return;
  const auto with_room = [](std::int64_t had, std::int64_t bytes) {  // for a fuller micro-batch
    return bytes <= had ? had : window_lines(bytes + bytes / 8);
  };
  out_bytes_ = with_room(out_bytes_, out_bytes);
  home_bytes_ = with_room(home_bytes_, home_bytes);
  window_.reset();
  window_ = topology_.node->shared_window(out_bytes_ + home_bytes_);
}

SharedMemoryExchange::Offer& SharedMemoryExchange::offer_of(int member, Way way) const {
  return *reinterpret_cast<Offer*>(window_->part(member) + (way == Way::out ? 0 : out_bytes_));
}

SharedMemoryExchange::Offer& SharedMemoryExchange::start_offer(Way way, const Counts& begin) {
  if (way == last_) window_->fence();
  last_ = way;
  Offer& offer = offer_of(topology_.node->rank(), way);
  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  offer = {};
  for (std::size_t i = 0; i < members.size(); ++i) offer.begin()[i] = begin[to_index(members[i])];
  offer.row_bytes = row_bytes_;
  offer.end = header_bytes();
  return offer;
}

void SharedMemoryExchange::share(Stream& stream) {
  const Span span(stream, "exchange");
  window_->fence();
}

Tensor SharedMemoryExchange::take_results(const Plan& plan, std::int64_t hidden, Arena& arena) {
  return payload_ == Payload::f32 ? results_in_window(plan, hidden)
                                  : Exchange::take_results(plan, hidden, arena);
}

Tensor SharedMemoryExchange::results_in_window(const Plan& plan, std::int64_t hidden) const {
  return offer_of(topology_.node->rank(), Way::home)
      .at(header_bytes() + window_lines(4 * plan.num_received), {plan.num_shard_rows, hidden},
          DType::f32);
}

void SharedMemoryExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared,
                                    Tensor rows, Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  Offer& mine = start_offer(Way::out, all.slot_begin);
  mine.add_copy(mine.index, plan.token_of_slot);
  if (given(weight)) mine.add_copy(mine.weights, weights_of_slots(weight, plan, arena, stream));
  mine.num_rows = x.rows();
  pack_rows(payload_, x, Tensor{}, mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8),
            stream);
  share(stream);

  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {  // each reads another neighbour first
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = to_index(members[to_index(member)]);
    Offer& offer = offer_of(member, Way::out);
    const std::int64_t first = offer.begin()[topology_.node->rank()];
    const std::int64_t count = plan.receive[source], begin = all.received_begin[source];
    // My own rows are at hand where they came from, unless they are to be rounded.
    const bool from_x = &offer == &mine && payload_ == Payload::f32;
    unpack_rows(payload_, from_x ? as_bytes(x) : offer.rows_from(first, count),
                offer.index_from(first, count),
                given(weight) ? offer.at(offer.weights + 4 * first, {count}, DType::f32) : Tensor{},
                rows, plan.row_of_received.range(begin, begin + count), stream);
  }
  if (topology_.num_nodes() > 1) {
    const PlanPart part = part_of_ranks(plan, experts_.rank(), outside_);
    const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);
    const Parcel parcel = pack_dispatch(payload_, x, plan, part, arena, stream);
    send_parcel(experts_, parcel, stream);
    unpack_dispatch(payload_, parcel, x, weights, plan, part, rows, arena, stream);
  }
  zero_padding(plan.segments, rows, stream);
}

void SharedMemoryExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots,
                                   Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  const PlanPart all = whole_part(plan, experts_.rank());
  const bool in_place = rows.data == results_in_window(plan, rows.cols()).data;
  Offer& mine = start_offer(Way::home, all.received_begin);
  if (in_place) mine.add_copy(mine.index, plan.row_of_received);
  mine.num_rows = in_place ? rows.rows() : plan.num_received;
  const Tensor offered = mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8);
  if (!in_place) pack_rows(payload_, rows, plan.row_of_received, offered, stream);
  share(stream);

  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = to_index(members[to_index(member)]);
    Offer& offer = offer_of(member, Way::home);
    const std::int64_t first = offer.begin()[topology_.node->rank()];
    const std::int64_t count = plan.send[source], begin = all.slot_begin[source];
    unpack_rows(payload_, offer.rows_from(first, count), offer.index_from(first, count), Tensor{},
                slots.row_range(begin, begin + count), Tensor{}, stream);
  }
  if (topology_.num_nodes() > 1) {
    const PlanPart part = part_of_ranks(plan, experts_.rank(), outside_);
    const Parcel parcel = pack_combine(payload_, rows, plan, part, slots, arena, stream);
    send_parcel(experts_, parcel, stream);
    unpack_combine(payload_, parcel, rows, plan, part, slots, arena, stream);
  }
}

}  // namespace switchyard
