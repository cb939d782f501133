// What of a trainer goes into a checkpoint, and how it comes back on another layout.
#include <set>

#include "runtime/device/host_access.h"
#include "train/step/trainer.h"

namespace switchyard {
namespace {

constexpr const char* gate_kind = "gate/";

// "layer3.expert17.up" as the same part of expert 5: "layer3.expert5.up".
std::string name_for_expert(const std::string& hosted, int expert) {
  constexpr std::string_view mark = ".expert";
  const std::size_t begin = hosted.find(mark) + mark.size();
  return hosted.substr(0, begin) + std::to_string(expert) + hosted.substr(hosted.find('.', begin));
}

std::set<std::string> all_names(Transformer& model) {
  std::set<std::string> names;
  for (const Param& param : model.params().all()) {
    for (const StateKind kind : state_kinds) {
      if (!param.spec.expert) {
        names.insert(state_name(kind, param.spec.name));
        continue;
      }
      for (int expert = 0; expert < model.config().num_experts; ++expert) {
        names.insert(state_name(kind, name_for_expert(param.spec.name, expert)));
      }
    }
  }
  for (const auto& [name, tensor] : model.gate_state()) names.insert(std::string(gate_kind) + name);
  return names;
}

void read_tensor(const CheckpointReader& checkpoint, const std::string& name, Tensor tensor) {
  if (tensor.device == Device::cpu()) return checkpoint.read(name, tensor);
  const Buffer on_host(tensor.shape, tensor.dtype);
  checkpoint.read(name, on_host);
  write_now(on_host.tensor().data, tensor);
}

// Reads all of a moment, and keeps what this rank owns of it.
void load_moment(const CheckpointReader& checkpoint, const std::string& name, const Shape& shape,
                 ElementRange mine, Tensor owned) {
  if (mine.size() == 0) return;
  if (mine.size() == shape.size()) {
    read_tensor(checkpoint, name, owned.view(shape));
    return;
  }
  const Buffer whole(shape, owned.dtype);
  checkpoint.read(name, whole);
  write_now(whole.tensor().range(mine.begin, mine.end).data, owned);
}

}  // namespace

OwnedState Trainer::owned_state() const {
  OwnedState state = switchyard::owned_state(model_.params(), mesh_, stream_);
  if (mesh_.world->rank() > 0) return state;  // all ranks hold the gates' state
  for (const auto& [name, tensor] : model_.gate_state())
    state.tensors.push_back({std::string(gate_kind) + name, tensor});
  return state;
}

nlohmann::json Trainer::meta() const {
  return {{"fingerprint", arithmetic_.fingerprint},
          {"fixed_point_bits", model_.loss_format().bits},
          {"guard", guard_.state()}};
}

void Trainer::load(const CheckpointReader& checkpoint) {
  const std::set<std::string> wanted = all_names(model_);
  for (const std::string& name : checkpoint.names()) {
    require(wanted.contains(name), Exit::data,
            "checkpoint {} holds {}, which this model does not have", checkpoint.folder().string(),
            name);
  }
  const Params& params = model_.params();
  for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
    const ParamSpec& spec = params.all()[static_cast<std::size_t>(id)].spec;
    read_tensor(checkpoint, state_name(StateKind::value, spec.name), params.value(id));
    load_moment(checkpoint, state_name(StateKind::first_moment, spec.name), spec.shape,
                params.owned(id), params.first_moment(id));
    load_moment(checkpoint, state_name(StateKind::second_moment, spec.name), spec.shape,
                params.owned(id), params.second_moment(id));
  }
  for (const auto& [name, tensor] : model_.gate_state()) {
    checkpoint.read(std::string(gate_kind) + name, tensor);
  }
}

}  // namespace switchyard
