#include "router/exchange/shared_memory_exchange.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "router/exchange/row_weights.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

constexpr std::int64_t window_line = 64;

std::int64_t window_lines(std::int64_t bytes) {
  return (bytes + window_line - 1) / window_line * window_line;
}

}  // namespace

// What one rank publishes in one direction: this header, the first row for each neighbour, and what
// the offsets point to, in bytes from the header. Without an index, rows are in the order of their
// readers.
struct SharedMemoryExchange::Published {
  std::int64_t index, weights, rows, num_rows, row_bytes, end;

  std::int64_t* begin() { return reinterpret_cast<std::int64_t*>(this + 1); }
  // A tensor behind all that was added before.
  Tensor add(std::int64_t& offset, Shape shape, DType dtype) {
    offset = end;
    end += window_lines(shape.size() * bytes_of(dtype));
    return at(offset, shape, dtype);
  }
  void add_copy(std::int64_t& offset, Tensor tensor) {
    const Tensor copy = add(offset, tensor.shape, tensor.dtype);
    if (!tensor.empty())
      std::memcpy(copy.data, tensor.data, static_cast<std::size_t>(tensor.bytes()));
  }
  // The `count` rows from number `first` on, and their index.
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
                                           WithoutRoom without_room, Comm& experts)
    : payload_(payload),
      experts_(experts),
      topology_(make_topology(experts, ranks_per_node)),
      without_room_(without_room),
      row_bytes_(payload_row_bytes(payload, hidden)) {
  for (const int node : topology_.node_of) outside_.push_back(node != topology_.my_node);
}

std::int64_t SharedMemoryExchange::header_bytes() const {
  return window_lines(static_cast<std::int64_t>(sizeof(Published)) + 8 * topology_.node->size());
}

std::unique_ptr<const PreparedPlan> SharedMemoryExchange::prepare(Plan plan, Arena& arena,
                                                                  Stream& stream) {
  if (!shares_) return Exchange::prepare(std::move(plan), arena, stream);
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

void SharedMemoryExchange::grow_window(std::int64_t dispatch_bytes, std::int64_t combine_bytes) {
  if (dispatch_bytes <= dispatch_bytes_ && combine_bytes <= combine_bytes_) return;
  const auto grown = [](std::int64_t had,
                        std::int64_t bytes) {  // with a margin for a fuller micro-batch
    return bytes <= had ? had : window_lines(bytes + bytes / 8);
  };
  dispatch_bytes_ = grown(dispatch_bytes_, dispatch_bytes);
  combine_bytes_ = grown(combine_bytes_, combine_bytes);
  window_.reset();
  window_ = topology_.node->shared_window(dispatch_bytes_ + combine_bytes_);
  if (window_) return;
  require(
      without_room_ == WithoutRoom::sends, Exit::storage,
      "router.exchange = \"shared_memory\": /dev/shm has no room for {} MiB, which the {} ranks "
      "of this node share: enlarge it (docker --shm-size, mount -o remount,size=), or use "
      "\"flat\", which gives the same bits",
      topology_.node->size() * (dispatch_bytes_ + combine_bytes_) >> 20, topology_.node->size());
  shares_ = false;
  outside_.assign(outside_.size(), true);
}

SharedMemoryExchange::Published& SharedMemoryExchange::published_by(int member,
                                                                    Direction direction) const {
  return *reinterpret_cast<Published*>(window_->part(member) +
                                       (direction == Direction::dispatch ? 0 : dispatch_bytes_));
}

SharedMemoryExchange::Published& SharedMemoryExchange::start_publishing(Direction direction,
                                                                        const Counts& begin) {
  if (direction == last_) window_->fence();
  last_ = direction;
  Published& mine = published_by(topology_.node->rank(), direction);
  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  mine = {};
  for (std::size_t i = 0; i < members.size(); ++i) mine.begin()[i] = begin[to_index(members[i])];
  mine.row_bytes = row_bytes_;
  mine.end = header_bytes();
  return mine;
}

void SharedMemoryExchange::publish(Stream& stream) {
  const Span span(stream, "exchange");
  window_->fence();
}

Tensor SharedMemoryExchange::take_results(const Plan& plan, std::int64_t hidden, Arena& arena) {
  return shares_ && payload_ == Payload::f32 ? results_in_window(plan, hidden)
                                             : Exchange::take_results(plan, hidden, arena);
}

Tensor SharedMemoryExchange::results_in_window(const Plan& plan, std::int64_t hidden) const {
  return published_by(topology_.node->rank(), Direction::combine)
      .at(header_bytes() + window_lines(4 * plan.num_received), {plan.num_shard_rows, hidden},
          DType::f32);
}

void SharedMemoryExchange::dispatch_shared(Tensor x, Tensor weight, const Plan& plan, Tensor rows,
                                           Arena& arena, Stream& stream) {
  const PlanPart all = whole_part(plan, experts_.rank());
  Published& mine = start_publishing(Direction::dispatch, all.slot_begin);
  mine.add_copy(mine.index, plan.token_of_slot);
  if (given(weight)) mine.add_copy(mine.weights, weights_of_slots(weight, plan, arena, stream));
  mine.num_rows = x.rows();
  pack_rows(payload_, x, Tensor{}, mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8),
            stream);
  publish(stream);

  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {  // each rank starts with another neighbour
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = to_index(members[to_index(member)]);
    Published& theirs = published_by(member, Direction::dispatch);
    const std::int64_t first = theirs.begin()[topology_.node->rank()];
    const std::int64_t count = plan.receive[source], begin = all.received_begin[source];
    // This rank's own rows come straight from x, unless a payload rounds them.
    const bool from_x = &theirs == &mine && payload_ == Payload::f32;
    unpack_rows(
        payload_, from_x ? as_bytes(x) : theirs.rows_from(first, count),
        theirs.index_from(first, count),
        given(weight) ? theirs.at(theirs.weights + 4 * first, {count}, DType::f32) : Tensor{}, rows,
        plan.row_of_received.range(begin, begin + count), stream);
  }
}

void SharedMemoryExchange::dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared,
                                    Tensor rows, Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  if (shares_) dispatch_shared(x, weight, plan, rows, arena, stream);
  if (sends()) {
    const PlanPart part = part_of_ranks(plan, experts_.rank(), outside_);
    const Tensor weights = weights_of_received(weight, plan, experts_, arena, stream);
    const PackedRows packed = pack_dispatch(payload_, x, part, arena, stream);
    send_packed(experts_, packed, stream);
    unpack_dispatch(packed, x, weights, part, rows, arena, stream);
  }
  zero_padding(plan.segments, rows, arena, stream);
}

void SharedMemoryExchange::combine_shared(Tensor rows, const Plan& plan, Tensor slots,
                                          Stream& stream) {
  const PlanPart all = whole_part(plan, experts_.rank());
  const bool in_place = rows.data == results_in_window(plan, rows.cols()).data;
  Published& mine = start_publishing(Direction::combine, all.received_begin);
  if (in_place) mine.add_copy(mine.index, plan.row_of_received);
  mine.num_rows = in_place ? rows.rows() : plan.num_received;
  const Tensor published = mine.add(mine.rows, {mine.num_rows, row_bytes_}, DType::u8);
  if (!in_place) pack_rows(payload_, rows, plan.row_of_received, published, stream);
  publish(stream);

  const std::vector<int>& members = topology_.ranks[to_index(topology_.my_node)];
  for (int i = 0; i < topology_.node->size(); ++i) {
    const int member = (topology_.node->rank() + i) % topology_.node->size();
    const std::size_t source = to_index(members[to_index(member)]);
    Published& theirs = published_by(member, Direction::combine);
    const std::int64_t first = theirs.begin()[topology_.node->rank()];
    const std::int64_t count = plan.send[source], begin = all.slot_begin[source];
    unpack_rows(payload_, theirs.rows_from(first, count), theirs.index_from(first, count), Tensor{},
                slots.row_range(begin, begin + count), Tensor{}, stream);
  }
}

void SharedMemoryExchange::combine(Tensor rows, const PreparedPlan& prepared, Tensor slots,
                                   Arena& arena, Stream& stream) {
  const ArenaScope scope(arena);
  const Plan& plan = prepared.plan;
  if (shares_) combine_shared(rows, plan, slots, stream);
  if (sends()) {
    const PlanPart part = part_of_ranks(plan, experts_.rank(), outside_);
    const PackedRows packed = pack_combine(payload_, rows, part, slots, arena, stream);
    send_packed(experts_, packed, stream);
    unpack_combine(packed, rows, part, slots, arena, stream);
  }
}

}  // namespace switchyard
