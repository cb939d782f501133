#include "experts/guest_costs.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "runtime/comm/counts.h"
#include "runtime/device/ops.h"

namespace switchyard {
namespace {

constexpr int num_tries = 5;
constexpr std::int64_t num_rows = 256;  // a multiple of row_tile

// Collective. The shortest of some tries on each rank, of the slowest rank; in picoseconds.
template <class Work>
std::int64_t picoseconds(Comm& experts, Stream& stream, Work work) {
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < num_tries; ++i) {
    experts.barrier();
    const auto begin = std::chrono::steady_clock::now();
    work();
    stream.synchronize();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    least = std::min(least, seconds.count());
  }
  return static_cast<std::int64_t>(reduce_one(experts, least, Reduce::max) * 1e12);
}

std::int64_t row_cost(GuestExperts& guests, const GuestList& list, Comm& experts, Arena& scratch,
                      Stream& stream) {
  const ArenaScope scope(scratch);
  const Segment segment{.slot = 0, .begin = 0, .rows = num_rows};
  const Ffn::Shape shape = guests.shape();
  const Tensor rows = scratch.take({num_rows, shape.hidden}),
               out = scratch.take({num_rows, shape.hidden});
  RuntimeOps::on(stream.device()).zero(rows, stream);
  const Ffn::Saved saved = Ffn::take(scratch, num_rows, shape.inner, guests.narrow());
  Params& params = guests.params();
  const bool trains = std::any_of(params.regions().begin(), params.regions().end(),
                                  [](const ParamRegion& region) { return region.trained(); });
  return picoseconds(
             experts, stream,
             [&] {
               guests.shard().forward(params, {&segment, 1}, rows, saved, out, stream);
               if (!trains) return;
               guests.zero_gradients(list, experts.rank(), stream);
               guests.shard().backward(params, {&segment, 1}, rows, saved, rows, out, stream);
             }) /
         num_rows;
}

// Every rank that has experts sends one to the next rank of its node, or else of the next node.
GuestList ring(const Placement& placement, const std::vector<int>& node_of, bool within_nodes) {
  GuestList list;
  const int num_ranks = placement.num_ranks();
  for (int rank = 0; rank < num_ranks; ++rank) {
    for (int away = 1; away < num_ranks; ++away) {
      const int from = (rank + away) % num_ranks;
      const bool near = node_of[to_index(from)] == node_of[to_index(rank)];
      if (near != within_nodes || placement.num_hosted(from) == 0) continue;
      list.visits.push_back({rank, placement.hosted(from).front(), from});
      break;
    }
  }
  return list;
}

}  // namespace

StepCosts measured_costs(GuestExperts& guests, const GuestExperts::Home& home,
                         const std::vector<int>& node_of, Comm& experts, Arena& scratch,
                         Stream& stream) {
  const auto copy_cost = [&](GuestList list) {
    const std::int64_t there = picoseconds(experts, stream, [&] {
      list.number = guests.next_number();
      guests.receive(list, home, experts, scratch, stream);
    });
    guests.zero_gradients(list, home.rank, stream);
    const std::int64_t back = picoseconds(
        experts, stream, [&] { guests.send_gradients(list, home, experts, scratch, stream); });
    return 2 * there + back;  // backward brings the values again
  };
  GuestList near = ring(home.placement, node_of, true), far = ring(home.placement, node_of, false);
  if (near.visits.empty()) near = far;
  if (far.visits.empty()) far = near;
  StepCosts costs;
  costs.near_copy = copy_cost(near);
  costs.far_copy = copy_cost(far);
  costs.row = std::max<std::int64_t>(1, row_cost(guests, near, experts, scratch, stream));
  return costs;
}

}  // namespace switchyard
