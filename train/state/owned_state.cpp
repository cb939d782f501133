#include "train/state/owned_state.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace switchyard {
namespace {

// One tensor of the state, and which of the ranks that hold copies may write it: of a value all, of
// a moment those that own a part of it.
struct Writable {
  ParamId id;
  StateKind kind;
  std::int64_t bytes;
  int first_copy, last_copy;
  bool one_choice() const { return first_copy == last_copy; }
};

Writable writable(const Params& params, ParamId id, StateKind kind, int num_copies) {
  Writable tensor{id, kind, params.value(id).bytes(), 0, num_copies - 1};
  if (kind == StateKind::value) return tensor;
  const auto owns = [&](int copy) { return params.owned(id, copy).size() > 0; };
  while (tensor.first_copy < tensor.last_copy && !owns(tensor.first_copy)) ++tensor.first_copy;
  while (tensor.last_copy > tensor.first_copy && !owns(tensor.last_copy)) --tensor.last_copy;
  return tensor;
}

// Those without a choice first, then the largest first, each to the writer with the least so far.
std::vector<int> choose_writers(const std::vector<Writable>& tensors, int num_copies) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(!tensors[a].one_choice(), -tensors[a].bytes) <
           std::tuple(!tensors[b].one_choice(), -tensors[b].bytes);
  });
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(num_copies), 0);
  std::vector<int> writers(tensors.size());
  for (const std::size_t i : order) {
    const auto least = std::min_element(bytes.begin() + tensors[i].first_copy,
                                        bytes.begin() + tensors[i].last_copy + 1);
    *least += tensors[i].bytes;
    writers[i] = static_cast<int>(least - bytes.begin());
  }
  return writers;
}

Tensor my_part(const Params& params, ParamId id, StateKind kind) {
  return kind == StateKind::first_moment ? params.first_moment(id) : params.second_moment(id);
}

// Collective over `copies`. The parts of one moment, all of them at the writer; elsewhere nothing.
Buffer gather_moment(const Params& params, const Writable& tensor, int writer, Comm& copies,
                     Stream& stream) {
  const auto num_copies = static_cast<std::size_t>(copies.size());
  std::vector<std::int64_t> send(num_copies, 0), receive(num_copies, 0);
  const Tensor mine = my_part(params, tensor.id, tensor.kind);
  send[static_cast<std::size_t>(writer)] = mine.size();
  std::int64_t arriving = 0;
  if (copies.rank() == writer) {
    for (int copy = 0; copy < copies.size(); ++copy)
      receive[static_cast<std::size_t>(copy)] = params.owned(tensor.id, copy).size();
    arriving = params.value(tensor.id).size();
  }
  Buffer whole(Shape{arriving}, mine.dtype, stream.device());
  copies.all_to_all_rows(mine.view({mine.size(), 1}), send, whole.tensor().view({arriving, 1}),
                         receive, stream);
  return whole;
}

}  // namespace

std::string state_name(StateKind kind, const std::string& param) {
  constexpr const char* folders[] = {"value/", "first_moment/", "second_moment/"};
  return folders[static_cast<std::size_t>(kind)] + param;
}

OwnedState owned_state(const Params& params, Mesh& mesh, Stream& stream) {
  OwnedState state;
  for (const bool expert : {false, true}) {
    Comm& copies = expert ? *mesh.replicas : *mesh.world;
    std::vector<Writable> tensors;
    for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
      const ParamSpec& spec = params.all()[static_cast<std::size_t>(id)].spec;
      if (spec.expert != expert || spec.extra_copy) continue;
      for (const StateKind kind : state_kinds)
        tensors.push_back(writable(params, id, kind, copies.size()));
    }
    const std::vector<int> writers = choose_writers(tensors, copies.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const Writable& tensor = tensors[i];
      const ParamSpec& spec = params.all()[static_cast<std::size_t>(tensor.id)].spec;
      const bool in_parts = tensor.kind != StateKind::value && !tensor.one_choice();
      Buffer whole;
      if (in_parts) whole = gather_moment(params, tensor, writers[i], copies, stream);
      if (writers[i] != copies.rank()) continue;
      const Tensor source = in_parts ? whole.tensor()
                            : tensor.kind == StateKind::value
                                ? params.value(tensor.id)
                                : my_part(params, tensor.id, tensor.kind);
      state.tensors.push_back({state_name(tensor.kind, spec.name), source.view(spec.shape)});
      if (in_parts) state.gathered.push_back(std::move(whole));
    }
  }
  return state;
}

}  // namespace switchyard
