#include "train/state/owned_state.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <tuple>

#include "io/checkpoint/coded_tensor.h"
#include "train/replicas.h"
#include "train/state/state_names.h"

namespace switchyard {
namespace {

// One tensor of the state, and which of its replicas may write it: any of them a value, all else
// those that own a part of it.
struct Writable {
  ParamId id;
  StateKind kind;
  std::int64_t bytes;
  int first_replica, last_replica;
  bool one_choice() const { return first_replica == last_replica; }
};

// Of a tensor in pieces.
Writable writable_pieces(const Params& params, ParamId id, StateKind kind, int num_replicas) {
  Writable tensor{id, kind, 4 * params.spec(id).shape.size(), 0, num_replicas - 1};
  const auto owns = [&](int replica) { return params.owned(id, replica).size() > 0; };
  int& first = tensor.first_replica;
  int& last = tensor.last_replica;
  while (first < last && !owns(first)) ++first;
  while (last > first && !owns(last)) --last;
  return tensor;
}

Writable writable(const Params& params, ParamId id, StateKind kind, int num_replicas) {
  if (kind == StateKind::value) return {id, kind, params.stored(id).bytes(), 0, num_replicas - 1};
  Writable tensor = writable_pieces(params, id, kind, num_replicas);
  if (params.state_of(id).whole) tensor.bytes = 4 * shape_of(params, id, kind).size();
  return tensor;
}

// Tensors without a choice come first, then the largest, each for the writer with the fewest bytes
// so far.
std::vector<int> choose_writers(const std::vector<Writable>& tensors, int num_replicas) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(!tensors[a].one_choice(), -tensors[a].bytes) <
           std::tuple(!tensors[b].one_choice(), -tensors[b].bytes);
  });
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(num_replicas), 0);
  std::vector<int> writers(tensors.size());
  for (const std::size_t i : order) {
    const auto least = std::min_element(bytes.begin() + tensors[i].first_replica,
                                        bytes.begin() + tensors[i].last_replica + 1);
    *least += tensors[i].bytes;
    writers[i] = static_cast<int>(least - bytes.begin());
  }
  return writers;
}

// Collective over `replicas`. The pieces of one tensor, all of them at the writer; elsewhere
// nothing.
Buffer gather_pieces(const Params& params, ParamId id, Tensor mine, int writer, Device device,
                     Comm& replicas, Stream& stream) {
  const auto num_replicas = static_cast<std::size_t>(replicas.size());
  std::vector<std::int64_t> send(num_replicas, 0), receive(num_replicas, 0);
  send[static_cast<std::size_t>(writer)] = mine.size();
  std::int64_t arriving = 0;
  if (replicas.rank() == writer) {
    for (int replica = 0; replica < replicas.size(); ++replica)
      receive[static_cast<std::size_t>(replica)] = params.owned(id, replica).size();
    arriving = params.spec(id).shape.size();
  }
  Buffer whole(Shape{arriving}, mine.dtype, device);
  replicas.all_to_all_rows(mine.view({mine.size(), 1}), send, whole.tensor().view({arriving, 1}),
                           receive, stream);
  return whole;
}

std::vector<Writable> writable_tensors(const Params& params, const ParamRegion& region) {
  std::vector<Writable> tensors;
  for (const ParamId id : params.ids_of(region)) {
    if (params.spec(id).extra_copy) continue;
    for (const StateKind kind : all_state_kinds)
      if (has_kind(params, id, kind))
        tensors.push_back(writable(params, id, kind, region.replicas().count));
  }
  return tensors;
}

// Collective over `replicas`, which hold the region.
void add_owned_state(const Params& params, const ParamRegion& region, Comm& replicas,
                     Stream& stream, OwnedState& state) {
  const std::vector<Writable> tensors = writable_tensors(params, region);
  const std::vector<int> writers = choose_writers(tensors, replicas.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Writable& tensor = tensors[i];
    const bool in_parts = tensor.kind != StateKind::value && !tensor.one_choice();
    Buffer whole;
    if (in_parts)
      whole = gather_pieces(params, tensor.id, params.state(tensor.id, part_of(tensor.kind)),
                            writers[i], stream.device(), replicas, stream);
    if (writers[i] != replicas.rank()) continue;
    if (tensor.kind == StateKind::value && params.packed(tensor.id)) {
      const std::string name = state_name(tensor.kind, params.spec(tensor.id).name);
      const RowCodes rows = params.row_codes(tensor.id);
      state.tensors.push_back({code_name_of(name), rows.codes});
      state.tensors.push_back({scale_name_of(name), rows.scales});
      continue;
    }
    const Tensor source = in_parts ? whole.tensor()
                          : tensor.kind == StateKind::value
                              ? params.value(tensor.id)
                              : params.state(tensor.id, part_of(tensor.kind));
    state.tensors.push_back({state_name(tensor.kind, params.spec(tensor.id).name),
                             source.view(shape_of(params, tensor.id, tensor.kind))});
    if (in_parts) state.gathered.push_back(std::move(whole));
  }
}

}  // namespace

OwnedState owned_state(const Params& params, Mesh& mesh, Stream& stream) {
  OwnedState state;
  for (const ParamRegion& region : params.regions())
    add_owned_state(params, region, replicas_of(region, mesh), stream, state);
  return state;
}

void add_owned_pieces(const Params& params, const std::vector<OwnedPieces>& tensors, Mesh& mesh,
                      Stream& stream, OwnedState& state) {
  for (const ParamRegion& region : params.regions()) {
    Comm& replicas = replicas_of(region, mesh);
    std::vector<Writable> writable;
    std::vector<const OwnedPieces*> of_region;
    for (const OwnedPieces& tensor : tensors) {
      if (&params.region_of(tensor.id) != &region) continue;
      of_region.push_back(&tensor);
      writable.push_back(
          writable_pieces(params, tensor.id, StateKind::first_moment, replicas.size()));
    }
    const std::vector<int> writers = choose_writers(writable, replicas.size());
    for (std::size_t i = 0; i < of_region.size(); ++i) {
      const auto& [name, id, mine] = *of_region[i];
      Buffer whole = gather_pieces(params, id, mine, writers[i], Device::cpu(), replicas, stream);
      if (writers[i] != replicas.rank()) continue;
      state.tensors.push_back({name, whole.tensor().view(params.spec(id).shape)});
      state.gathered.push_back(std::move(whole));
    }
  }
}

void name_by_island(const Params& params, int island, OwnedState& state) {
  std::set<std::string> frozen;
  for (ParamId id = 0; id < params.num_params(); ++id)
    if (!params.trained(id)) frozen.insert(state_name(StateKind::value, params.spec(id).name));
  const auto is_alike = [&](const NamedTensor& tensor) { return frozen.contains(tensor.name); };
  if (island > 0) std::erase_if(state.tensors, is_alike);
  for (NamedTensor& tensor : state.tensors)
    if (!is_alike(tensor)) tensor.name = island_prefix(island) + tensor.name;
}

}  // namespace switchyard
