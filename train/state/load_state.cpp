#include "train/state/load_state.h"

#include <algorithm>
#include <cstring>

#include "model/param_role.h"
#include "runtime/device/host_access.h"
#include "train/state/state_names.h"

namespace switchyard {
namespace {

void read_tensor(const CheckpointReader& checkpoint, const std::string& name, Tensor tensor) {
  if (tensor.device == Device::cpu()) return checkpoint.read(name, tensor);
  const Buffer on_host(tensor.shape, tensor.dtype);
  checkpoint.read(name, on_host);
  write_now(on_host.tensor().data, tensor);
}

// Codes as they are; other weights are rounded to nearest.
void load_packed(const CheckpointReader& checkpoint, const std::string& name, Params& params,
                 ParamId id) {
  const Shape& shape = params.spec(id).shape;
  if (checkpoint.format(name) == CodeFormat{.bits = 8, .group = shape[1]}) {
    require(checkpoint.shape(name) == shape, Exit::data, "{} of {} is {}, not {}", name,
            checkpoint.folder().string(), checkpoint.shape(name), shape);
    const CheckpointReader::Codes read = checkpoint.read_codes(name);
    const RowCodes rows = params.row_codes(id);
    std::memcpy(rows.codes.data, read.codes.data(), read.codes.size());
    std::copy(read.scales.begin(), read.scales.end(), rows.scales.as<float>());
    return;
  }
  const Buffer values(shape, DType::f32);
  checkpoint.read(name, values);
  Stream stream = Stream::cpu(1);
  params.set_values(id, values, stream);
}

// What a gate counted in its last step: of training, and of no use to a model that is configured to
// balance its experts otherwise.
bool is_counts(const std::string& name) {
  return name.starts_with(gate_state_name("")) && gate_state_of(name) == GateState::counts;
}

// begins: modules of multi-token prediction that the checkpoint lacks begin without a bias.
void load_gates(const CheckpointReader& checkpoint, Transformer& model, GateState which,
                const std::string& of_island, bool begins = false) {
  const std::int64_t held = begins ? num_mtp_modules(checkpoint) : 0;
  for (const auto& [name, tensor] : model.gate_state()) {
    const std::int64_t module = mtp_module_of_param(name);
    if (begins && module >= 0 && module >= held) continue;
    if (gate_state_of(name) == which) checkpoint.read(of_island + gate_state_name(name), tensor);
  }
}

// Frozen parameters are the same on all islands.
std::string value_name(const Params& params, ParamId id, const std::string& of_island) {
  const std::string name = state_name(StateKind::value, params.spec(id).name);
  return params.trained(id) ? of_island + name : name;
}

}  // namespace

void read_owned(const CheckpointReader& checkpoint, const std::string& name, const Shape& shape,
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

std::int64_t num_mtp_modules(const CheckpointReader& checkpoint) {
  std::int64_t modules = 0;
  for (const std::string& name : checkpoint.names())
    modules = std::max(modules, 1 + mtp_module_of_state(name));
  return modules;
}

void load_values(const CheckpointReader& checkpoint, Transformer& model,
                 const Params::Choice& drawn, const std::string& of_island) {
  const std::set<std::string> known = all_state_names(model);
  for (const std::string& name : checkpoint.names()) {
    // Of the last guided step: the model goes on without them.
    const bool surplus_guide = is_guide(name) && !model.options().guided;
    const std::int64_t module = mtp_module_of_state(name);
    const bool surplus_module = module >= 0 && module >= model.config().mtp_depth;
    require(known.contains(name) || is_counts(name) || surplus_guide || surplus_module ||
                is_of_islands(name),
            Exit::data, "{} holds {}, which this model does not have", checkpoint.folder().string(),
            name);
  }
  Params& params = model.params();
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const std::string& of = params.spec(id).name;
    if (drawn && drawn(of)) continue;
    const std::string name = value_name(params, id, of_island);
    if (params.packed(id)) {
      load_packed(checkpoint, name, params, id);
    } else if (CodedWeights* const weights = params.codes(id)) {
      const CheckpointReader::Codes read = checkpoint.read_codes(name);
      weights->set(read.codes, read.scales);
    } else {
      read_tensor(checkpoint, name, params.value(id));
    }
  }
  params.mark_loaded();
  load_gates(checkpoint, model, GateState::bias, of_island, static_cast<bool>(drawn));
}

void load_training_state(const CheckpointReader& checkpoint, Transformer& model,
                         const std::string& of_island) {
  load_values(checkpoint, model, {}, of_island);
  load_gates(checkpoint, model, GateState::counts, of_island);
  const Params& params = model.params();
  const std::vector<std::string> held = checkpoint.names();  // sorted
  for (ParamId id = 0; id < params.num_params(); ++id) {
    if (!params.trained(id)) continue;
    for (const StateKind kind : all_state_kinds) {
      if (kind == StateKind::value) continue;
      const std::string name = of_island + state_name(kind, params.spec(id).name);
      const StatePart part = part_of(kind);
      require(has_kind(params, id, kind) || !std::binary_search(held.begin(), held.end(), name),
              Exit::data, "{} holds {}, which train.optimizer and galore.rank do not keep",
              checkpoint.folder().string(), name);
      read_owned(checkpoint, name, params.state_of(id).of(part),
                 params.owned_state(id, part, params.region_of(id).replicas().index),
                 params.state(id, part));
    }
  }
}

}  // namespace switchyard
