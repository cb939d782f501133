// What OuterStep keeps in checkpoints.
#include <algorithm>
#include <limits>

#include "train/islands/outer_step.h"
#include "train/state/load_state.h"
#include "train/state/state_names.h"

namespace switchyard {
namespace {

constexpr double max_figure = std::numeric_limits<double>::max();
constexpr std::int64_t max_count = std::int64_t{1} << 60;

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
  if (meta.has("sent")) sent_ = sent_from(meta.object("sent"));
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
  const IslandReport& agreed = sent_->agreed;
  nlohmann::json distances, not_finite;
  for (const IslandFigures& island : agreed.islands) {
    distances.push_back(island.distance);
    not_finite.push_back(island.not_finite);
  }
  return {{"sent",
           {{"fragment", sent_->fragment},
            {"mixed_after", sent_->mixed_after},
            {"moved", agreed.moved},
            {"bytes", agreed.bytes},
            {"distances", distances},
            {"not_finite", not_finite}}}};
}

OuterStep::Sent OuterStep::sent_from(const JsonFields& meta) const {
  const auto last = static_cast<std::int64_t>(parts_.size()) - 1;
  Sent sent{static_cast<std::size_t>(meta.integer("fragment", 0, last)),
            meta.integer("mixed_after", 0, max_count), nullptr};
  sent.agreed.moved = meta.number("moved", 0, max_figure);
  sent.agreed.bytes = meta.integer("bytes", 0, max_count);
  const std::vector<double> distances = meta.numbers("distances", 0, max_figure),
                            not_finite = meta.numbers("not_finite", 0, max_figure);
  require(std::ssize(distances) == config_.count && distances.size() == not_finite.size(),
          Exit::data, "the checkpoint has distances of {} islands, and the run has {}",
          distances.size(), config_.count);
  for (std::size_t i = 0; i < distances.size(); ++i)
    sent.agreed.islands.push_back({.loss = 0.0,
                                   .distance = distances[i],
                                   .not_finite = static_cast<std::int64_t>(not_finite[i]),
                                   .skipped = 0});
  return sent;
}

nlohmann::json OuterStep::meta_of_island() const {
  return {{"loss_sum", loss_sum_}, {"steps", steps_}, {"skipped", skipped_}};
}

void OuterStep::load_of_island(const JsonFields& meta) {
  loss_sum_ = meta.number("loss_sum", 0, max_figure);
  steps_ = meta.integer("steps", 0, max_count);
  skipped_ = meta.integer("skipped", 0, max_count);
}

}  // namespace switchyard
