// What OuterStep keeps in checkpoints.
#include <algorithm>

#include "train/islands/outer_step.h"
#include "train/state/load_state.h"
#include "train/state/state_names.h"

namespace switchyard {
namespace {

std::string anchor_name(const FragmentPiece& piece) {
  return piece.id < 0 ? gate_state_name(piece.name) : state_name(StateKind::value, piece.name);
}

Tensor elements_of(Tensor fragment, const FragmentPiece& piece) {
  return fragment.range(piece.begin, piece.begin + piece.values.size());
}

Tensor whole_of(std::vector<float>& values) {
  return tensor_of(values.data(), {std::ssize(values)});
}

}  // namespace

void OuterStep::load(const CheckpointReader& checkpoint, const JsonFields& meta) {
  const Params& params = model_.params();
  for (Part& part : parts_) {
    std::vector<float> velocity(part.anchor.size());
    for (const FragmentPiece& piece : part.fragment.pieces) {
      const Tensor anchor = elements_of(whole_of(part.anchor), piece);
      if (piece.id < 0) {
        checkpoint.read(anchor_name(piece), anchor);
        continue;
      }
      const Shape& shape = params.spec(piece.id).shape;
      const ElementRange mine = params.owned(piece.id);
      read_owned(checkpoint, anchor_name(piece), shape, mine, anchor);
      read_owned(checkpoint, velocity_name(piece.name), shape, mine,
                 elements_of(whole_of(velocity), piece));
    }
    const ElementRange mine = part.fragment.part(peers().rank(), peers().size());
    part.velocity.assign(velocity.begin() + mine.begin, velocity.begin() + mine.end);
  }
  moved_ = true;
  sent_.reset();
  if (!meta.has("sent")) return;
  const JsonFields sent = meta.object("sent");
  const auto last = static_cast<std::int64_t>(parts_.size()) - 1;
  sent_ = Sent{static_cast<std::size_t>(sent.integer("fragment", 0, last)),
               sent.integer("mixed_after", 0, std::int64_t{1} << 60), nullptr};
}

Buffer OuterStep::gather_velocity(Part& part) {
  Buffer velocity({part.fragment.size}, DType::f32);
  const ElementRange mine = part.fragment.part(peers().rank(), peers().size());
  std::copy(part.velocity.begin(), part.velocity.end(), velocity.tensor().as<float>() + mine.begin);
  peers().all_gather_parts(velocity, part.fragment.part_sizes(peers().size()), stream_);
  return velocity;
}

void OuterStep::add_state(OwnedState& state) {
  const Params& params = model_.params();
  // By parameter; empty where this rank owns nothing of it.
  std::vector<Tensor> anchors(static_cast<std::size_t>(params.num_params())), velocities(anchors);
  for (Part& part : parts_) {
    Buffer velocity = gather_velocity(part);
    for (const FragmentPiece& piece : part.fragment.pieces) {
      const Tensor anchor = elements_of(whole_of(part.anchor), piece);
      if (piece.id < 0) {
        if (mesh_.job().rank() == 0) state.tensors.push_back({anchor_name(piece), anchor});
        continue;
      }
      anchors[static_cast<std::size_t>(piece.id)] = anchor;
      velocities[static_cast<std::size_t>(piece.id)] = elements_of(velocity, piece);
    }
    state.gathered.push_back(std::move(velocity));
  }
  std::vector<OwnedPieces> written;  // by this island
  for (const ParamRegion& region : params.regions()) {
    if (!region.trained()) continue;
    int writer = 0;
    for (const ParamId id : params.ids_of(region)) {
      const std::string& name = params.spec(id).name;
      if (params.spec(id).extra_copy) continue;
      if (writer++ % peers().size() != mesh_.island()) continue;
      const auto index = static_cast<std::size_t>(id);
      written.push_back({state_name(StateKind::value, name), id, anchors[index]});
      written.push_back({velocity_name(name), id, velocities[index]});
    }
  }
  add_owned_pieces(params, written, mesh_, stream_, state);
}

nlohmann::json OuterStep::meta() const {
  if (!sent_) return nlohmann::json::object();
  return {{"sent", {{"fragment", sent_->fragment}, {"mixed_after", sent_->mixed_after}}}};
}

}  // namespace switchyard
