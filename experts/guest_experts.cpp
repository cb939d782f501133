#include "experts/guest_experts.h"

#include <algorithm>
#include <array>

#include "runtime/device/ops.h"
#include "runtime/device/trace.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

ParamState no_state(const ParamSpec&) { return {}; }

// The slot of a guest on its rank: visits of a rank are adjacent.
std::vector<SlotMove> moves_of(const GuestList& list, const Placement& placement) {
  std::vector<SlotMove> moves;
  int slot = 0;
  for (std::size_t i = 0; i < list.visits.size(); ++i) {
    const auto& [rank, expert, from] = list.visits[i];
    slot = i > 0 && list.visits[i - 1].rank == rank ? slot + 1 : 0;
    const std::span<const int> hosted = placement.hosted(from);
    const auto home = std::find(hosted.begin(), hosted.end(), expert);
    require(home != hosted.end(), "expert {} is not on rank {}", expert, from);
    moves.push_back({{from, static_cast<int>(home - hosted.begin())}, {rank, slot}});
  }
  return moves;
}

// No rank sends or receives more than `limit` rows of a round, so that the rank of an expert with
// many guests needs no more memory than the others.
std::vector<std::vector<SlotMove>> in_rounds(std::span<const SlotMove> moves, int limit) {
  std::vector<std::vector<SlotMove>> rounds;
  const auto has_room = [&](const std::vector<SlotMove>& round, const SlotMove& move) {
    int leave = 0, arrive = 0;
    for (const SlotMove& other : round) {
      leave += other.from.rank == move.from.rank;
      arrive += other.to.rank == move.to.rank;
    }
    return leave < limit && arrive < limit;
  };
  for (const SlotMove& move : moves) {
    const auto round = std::find_if(rounds.begin(), rounds.end(),
                                    [&](const auto& each) { return has_room(each, move); });
    (round == rounds.end() ? rounds.emplace_back() : *round).push_back(move);
  }
  return rounds;
}

Tensor flat(Tensor tensor) { return tensor.view({tensor.size()}); }

// All guides of a layer count alike.
void share_guides(const GuestExperts::Home& home, Params& guests) {
  for (ParamId id = 0; id < guests.num_params(); ++id) {
    if (guests.spec(id).init != ParamInit::product) continue;
    const auto same = [&](const Param& param) {
      return param.spec.init == ParamInit::product && param.spec.expert &&
             param.spec.expert->layer == home.shard.layer();
    };
    const std::vector<Param>& all = home.params.all();
    const auto guide = std::find_if(all.begin(), all.end(), same);
    require(guide != all.end(), "this rank has no expert of {}", home.shard.layer());
    guests.set_guide_share(id, guide->guide_share);
  }
}

// A row's parts, one behind the other: body(i, part of the row). The shapes are those of `params`.
template <class Body>
void for_parts(const Params& params, std::span<const ParamId> ids, Tensor row, Body body) {
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::int64_t size = params.spec(ids[i]).shape.size();
    body(i, row.range(begin, begin + size));
    begin += size;
  }
}

}  // namespace

GuestExperts::GuestExperts(int num_slots, const Kind& kind)
    : num_slots_(num_slots),
      shape_(kind.shape),
      layer_(kind.layer),
      narrow_(Ffn::Narrow::of(
          [&](const char* part) {
            return kind.terms ? kind.terms(ExpertPart{kind.layer, 0, part}.name()) : LinearTerms{};
          },
          kind.shape)),
      params_(kind.frozen, kind.terms, /*formats=*/{}, no_state),
      shard_(params_, kind.layer, Placement(num_slots, 1), 0, kind.shape) {}

void GuestExperts::allocate(ParamStorage storage, const ProductPrecision& precision) {
  storage.dense = storage.experts = Replicas{0, 1};
  params_.allocate(storage);
  params_.mark_loaded();
  params_.set_precision(precision);
}

bool GuestExperts::can_visit(const Params& params, const std::string& layer) const {
  constexpr std::array parts{"gate", "up", "down"};
  return std::all_of(parts.begin(), parts.end(), [&](const char* part) {
    const auto terms = [&](const Params& of, const std::string& name) {
      return of.terms_of({.expert = ExpertPart{name, 0, part}});
    };
    return terms(params, layer) == terms(params_, layer_);
  });
}

void GuestExperts::receive(const GuestList& list, const Home& home, Comm& experts, Arena& scratch,
                           Stream& stream) {
  if (list.visits.empty() || list.number == held_number_) return;
  const Span span(stream, "guests");
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  std::int64_t elements = 0;
  for (const ParamId id : shard_.params_of(0)) elements += params_.spec(id).shape.size();
  const SlotWork pack = [&](int slot, Tensor row) {
    const std::vector<ParamId> ids = home.shard.params_of(slot);
    for_parts(home.params, ids, row, [&](std::size_t i, Tensor part) {
      const bool coded = home.params.packed(ids[i]);
      ops.copy(flat(coded ? home.params.decoded(ids[i], stream) : home.params.value(ids[i])), part,
               stream);
    });
  };
  const SlotWork arrive = [&](int slot, Tensor row) {
    const std::vector<ParamId> ids = shard_.params_of(slot);
    for_parts(params_, ids, row, [&](std::size_t i, Tensor part) {
      ops.copy(part, flat(params_.value(ids[i])), stream);
    });
  };
  const std::vector<SlotMove> moves = moves_of(list, home.placement);
  for (const std::vector<SlotMove>& round : in_rounds(moves, num_slots_))
    send_slots(round, elements, DType::f32, experts, pack, arrive, scratch, stream);
  for (std::size_t i = 0; i < moves.size(); ++i)
    if (moves[i].to.rank == home.rank)
      shard_.host(params_, moves[i].to.slot, home.shard.layer(), list.visits[i].expert);
  share_guides(home, params_);
  // A GPU multiplies with rounded copies by another kernel than with values.
  if (home.params.rounded_values_hold()) {
    params_.round_values(stream);
  } else {
    params_.forget_rounded_values();
  }
  held_number_ = list.number;
}

void GuestExperts::zero_gradients(const GuestList& list, int rank, Stream& stream) {
  int slot = 0;
  for (const Visit& visit : list.visits) {
    if (visit.rank != rank) continue;
    for (const ParamId id : shard_.params_of(slot))
      if (params_.trained(id)) RuntimeOps::on(stream.device()).zero(params_.gradient(id), stream);
    ++slot;
  }
}

void GuestExperts::send_gradients(const GuestList& list, const Home& home, Comm& experts,
                                  Arena& scratch, Stream& stream) {
  if (list.visits.empty()) return;
  const Span span(stream, "guests");
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  // Of a part that this layer leaves as it is, and another one trains, nobody asks for the
  // gradient.
  std::vector<std::size_t> trained;
  std::int64_t elements = 0;
  const std::vector<ParamId> of_a_slot = shard_.params_of(0);
  for (std::size_t i = 0; i < of_a_slot.size(); ++i) {
    if (!params_.trained(of_a_slot[i])) continue;
    trained.push_back(i);
    elements += params_.spec(of_a_slot[i]).shape.size();
  }
  if (elements == 0) return;
  const auto trained_of = [&](const ExpertShard& shard, int slot) {
    const std::vector<ParamId> all = shard.params_of(slot);
    std::vector<ParamId> ids;
    for (const std::size_t i : trained) ids.push_back(all[i]);
    return ids;
  };
  const SlotWork pack = [&](int slot, Tensor row) {
    const std::vector<ParamId> ids = trained_of(shard_, slot);
    for_parts(params_, ids, row, [&](std::size_t i, Tensor part) {
      ops.copy(flat(params_.gradient(ids[i])), part, stream);
    });
  };
  const SlotWork add = [&](int slot, Tensor row) {
    const std::vector<ParamId> ids = trained_of(home.shard, slot);
    for_parts(home.params, ids, row, [&](std::size_t i, Tensor part) {
      if (home.params.trained(ids[i])) ops.add(part, flat(home.params.gradient(ids[i])), stream);
    });
  };
  std::vector<SlotMove> moves = moves_of(list, home.placement);
  for (SlotMove& move : moves) std::swap(move.from, move.to);
  const DType dtype = params_.exact() ? DType::i64 : DType::f32;
  for (const std::vector<SlotMove>& round : in_rounds(moves, num_slots_))
    send_slots(round, elements, dtype, experts, pack, add, scratch, stream);
}

std::span<const Segment> own_segments(std::span<const Segment> segments, int num_hosted) {
  const auto end = std::partition_point(segments.begin(), segments.end(),
                                        [&](const Segment& s) { return s.slot < num_hosted; });
  return {segments.begin(), end};
}

std::vector<Segment> guest_segments(std::span<const Segment> segments, int num_hosted) {
  const std::span<const Segment> guests =
      segments.subspan(own_segments(segments, num_hosted).size());
  std::vector<Segment> counted_anew(guests.begin(), guests.end());
  for (Segment& segment : counted_anew) segment.slot -= num_hosted;
  return counted_anew;
}

}  // namespace switchyard
