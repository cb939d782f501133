// GuestExperts: slots in which a rank computes experts of other ranks, for one micro-batch of one
// layer at a time (experts/step_placement.h). All layers of a model share them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experts/ffn.h"
#include "experts/placement.h"
#include "experts/shard.h"
#include "experts/slot_rows.h"
#include "experts/step_placement.h"
#include "runtime/comm/comm.h"
#include "runtime/params/params.h"

namespace switchyard {

// Who visits whom for one micro-batch of one layer, the same on all ranks of an expert group.
struct GuestList {
  std::vector<Visit> visits;  // by rank, in the order of the rank's guest slots
  std::int64_t number = 0;    // of the list, to tell whether its guests are still there
};

class GuestExperts {
 public:
  // What guests must have in common with the experts of a model. layer: of any of its MoE layers.
  struct Kind {
    std::string layer;
    Ffn::Shape shape;
    Params::Choice frozen{};  // parts that no layer trains
    LinearTermsRule terms{};
  };
  // Where the experts of a layer live.
  struct Home {
    Params& params;
    const ExpertShard& shard;
    const Placement& placement;
    int rank;  // this one, in the expert group
  };

  GuestExperts(int num_slots, const Kind& kind);
  // storage: of the model's parameters.
  void allocate(ParamStorage storage, const ProductPrecision& precision);

  // Whether the experts of a layer, whose parameters these are, are sums of the same products.
  bool can_visit(const Params& params, const std::string& layer) const;
  int num_slots() const { return num_slots_; }
  const Ffn::Shape& shape() const { return shape_; }
  const Ffn::Narrow& narrow() const { return narrow_; }
  const ExpertShard& shard() const { return shard_; }
  Params& params() { return params_; }
  std::int64_t next_number() { return ++last_number_; }

  // Collective over the expert group, as is send_gradients. The guests of the list come into this
  // rank's slots with their values, unless they are there.
  void receive(const GuestList& list, const Home& home, Comm& experts, Arena& scratch,
               Stream& stream);
  // Before rows are computed backward: the guests' gradients are zero.
  void zero_gradients(const GuestList& list, int rank, Stream& stream);
  // Adds the guests' gradients to those at home, in exact mode as integers.
  void send_gradients(const GuestList& list, const Home& home, Comm& experts, Arena& scratch,
                      Stream& stream);

 private:
  int num_slots_;
  Ffn::Shape shape_;
  std::string layer_;  // that of Kind
  Ffn::Narrow narrow_;
  Params params_;
  ExpertShard shard_;
  std::int64_t last_number_ = 0, held_number_ = 0;
};

// The segments of guests, which follow those of the rank's own experts, with slots from 0.
std::vector<Segment> guest_segments(std::span<const Segment> segments, int num_hosted);
std::span<const Segment> own_segments(std::span<const Segment> segments, int num_hosted);

}  // namespace switchyard
