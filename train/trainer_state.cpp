// What of a trainer goes into a checkpoint, and how it comes back on another layout.
#include <algorithm>
#include <numeric>
#include <set>

#include "train/trainer.h"

namespace switchyard {
namespace {

constexpr const char* kinds[] = {"value", "first_moment", "second_moment"};
constexpr const char* gate_kind = "gate/";

Tensor tensor_of_kind(const Params& params, int kind, ParamId id) {
  if (kind == 0) return params.value(id);
  return kind == 1 ? params.first_moment(id) : params.second_moment(id);
}

// "layer3.expert17.up" as the same part of expert 5: "layer3.expert5.up".
std::string name_for_expert(const std::string& hosted, int expert) {
  constexpr std::string_view mark = ".expert";
  const std::size_t begin = hosted.find(mark) + mark.size();
  return hosted.substr(0, begin) + std::to_string(expert) + hosted.substr(hosted.find('.', begin));
}

// One owner for each tensor, so that all write about as many bytes: the largest first, each to the
// one with the least so far.
std::vector<int> balanced_owners(const std::vector<NamedTensor>& tensors, int num_owners) {
  std::vector<std::size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tensors[a].tensor.bytes() > tensors[b].tensor.bytes();
  });
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(num_owners), 0);
  std::vector<int> owners(tensors.size());
  for (const std::size_t i : order) {
    const auto least = std::min_element(bytes.begin(), bytes.end());
    *least += tensors[i].tensor.bytes();
    owners[i] = static_cast<int>(least - bytes.begin());
  }
  return owners;
}

std::set<std::string> all_names(Transformer& model) {
  std::set<std::string> names;
  for (const Param& param : model.params().all()) {
    for (const char* kind : kinds) {
      const std::string prefix = std::string(kind) + "/";
      if (!param.spec.expert) {
        names.insert(prefix + param.spec.name);
        continue;
      }
      for (int expert = 0; expert < model.config().num_experts; ++expert) {
        names.insert(prefix + name_for_expert(param.spec.name, expert));
      }
    }
  }
  for (const auto& [name, tensor] : model.gate_state()) names.insert(std::string(gate_kind) + name);
  return names;
}

}  // namespace

std::vector<NamedTensor> Trainer::owned_state() const {
  const Params& params = model_.params();
  std::vector<NamedTensor> mine;
  for (const bool expert : {false, true}) {
    std::vector<NamedTensor> copied;  // what each rank of `copies` holds
    for (ParamId id = 0; id < static_cast<ParamId>(params.all().size()); ++id) {
      const ParamSpec& spec = params.all()[static_cast<std::size_t>(id)].spec;
      if (spec.expert != expert) continue;
      for (int kind = 0; kind < 3; ++kind) {
        copied.push_back(
            {std::string(kinds[kind]) + "/" + spec.name, tensor_of_kind(params, kind, id)});
      }
    }
    const Comm& copies = expert ? *mesh_.replicas : *mesh_.world;
    const std::vector<int> owners = balanced_owners(copied, copies.size());
    for (std::size_t i = 0; i < copied.size(); ++i) {
      if (owners[i] == copies.rank()) mine.push_back(copied[i]);
    }
  }
  if (mesh_.world->rank() > 0) return mine;  // all ranks hold the gates' state
  for (const auto& [name, tensor] : model_.gate_state())
    mine.push_back({std::string(gate_kind) + name, tensor});
  return mine;
}

nlohmann::json Trainer::meta() const {
  return {{"fingerprint", arithmetic_.fingerprint},
          {"fixed_point_bits", model_.loss_format().bits}};
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
    for (int kind = 0; kind < 3; ++kind) {
      checkpoint.read(
          std::string(kinds[kind]) + "/" + params.all()[static_cast<std::size_t>(id)].spec.name,
          tensor_of_kind(params, kind, id));
    }
  }
  for (const auto& [name, tensor] : model_.gate_state()) {
    checkpoint.read(std::string(gate_kind) + name, tensor);
  }
}

}  // namespace switchyard
