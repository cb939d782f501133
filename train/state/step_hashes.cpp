#include "train/state/step_hashes.h"

#include <algorithm>
#include <limits>
#include <sstream>
#include <tuple>

#include "model/param_role.h"
#include "runtime/device/host_access.h"
#include "runtime/rounding.h"
#include "train/math.h"

namespace switchyard {
namespace {

// Elements of 4 or 8 bytes; `first` is the place of the first one.
template <class Bits>
std::uint64_t hash_of(const Bits* bits, std::int64_t count, std::int64_t first) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i)
    sum += mixed_bits(static_cast<std::uint64_t>(bits[i]), first + i);
  return sum;
}

std::uint64_t hash_of(Tensor tensor, std::int64_t first, Stream& stream) {
  const HostRead on_host(tensor, stream);
  const void* data = on_host.tensor().data;
  return bytes_of(tensor.dtype) == 8
             ? hash_of(static_cast<const std::uint64_t*>(data), tensor.size(), first)
             : hash_of(static_cast<const std::uint32_t*>(data), tensor.size(), first);
}

std::uint64_t hash_of(double number) { return mixed_bits(number, 0); }

// The layer of a tensor. The embedding comes before all layers, the head after them; a norm needs
// every gradient.
std::int64_t layer_of(const std::string& tensor) {
  if (tensor == "gradient norm") return -2;
  if (tensor == "embedding") return -1;
  const std::int64_t layer = layer_of_param(tensor);
  return layer < 0 ? std::numeric_limits<std::int64_t>::max() : layer;
}

bool of_attention(const std::string& tensor) {
  return tensor.find(".attention") != std::string::npos;
}

// The place in the order of computation.
auto order_of(const TensorHash& hash) {
  const std::int64_t layer = layer_of(hash.tensor);
  const bool backward = hash.part == StepPart::gradient;
  return std::tuple(hash.part, backward ? -layer : layer, backward == of_attention(hash.tensor),
                    backward == hash.tensor.ends_with("_norm"), hash.tensor);
}

// What this rank owns of the gradient and the values, and on rank 0 what all ranks hold.
void add_owned(Transformer& model, Mesh& mesh, Stream& stream, std::vector<TensorHash>& hashes) {
  const Params& params = model.params();
  for (ParamId id = 0; id < params.num_params(); ++id) {
    const ParamSpec& spec = params.spec(id);
    const ElementRange own = params.owned(id);
    if (spec.extra_copy || own.size() == 0) continue;
    const auto hash = [&](Tensor of_param) {
      return hash_of(of_param.range(own.begin, own.end), own.begin, stream);
    };
    if (params.trained(id))
      hashes.push_back({StepPart::gradient, spec.name, hash(params.gradient(id))});
    const std::uint64_t of_values =
        params.packed(id) ? hash_of(params.stored(id), 0, stream) : hash(params.value(id));
    hashes.push_back({StepPart::update, spec.name, of_values});
  }
  if (mesh.world->rank() > 0) return;
  for (const auto& [name, tensor] : model.gate_state())
    hashes.push_back({StepPart::update, name, hash_of(tensor, 0, stream)});
}

std::string text_of(const std::vector<TensorHash>& hashes) {
  std::ostringstream text;
  for (const TensorHash& hash : hashes)
    text << static_cast<int>(hash.part) << ' ' << hash.hash << ' ' << hash.tensor << '\n';
  return text.str();
}

void add_text(const std::string& text, std::map<std::pair<int, std::string>, std::uint64_t>& sums) {
  std::istringstream lines(text);
  int part = 0;
  std::uint64_t hash = 0;
  for (std::string name; lines >> part >> hash && std::getline(lines >> std::ws, name);)
    sums[{part, name}] += hash;
}

}  // namespace

void StepHashes::saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream& stream) {
  const auto [found, is_new] = place_.try_emplace(tensor, forward_.size());
  if (is_new) forward_.push_back({StepPart::forward, tensor, 0});
  forward_[found->second].hash += hash_of(rows, batch.index * rows.size(), stream);
}

std::vector<TensorHash> StepHashes::take(Transformer& model, const StepReport& report, Mesh& mesh,
                                         Stream& stream) {
  std::vector<TensorHash> hashes = std::move(forward_);
  forward_.clear();
  place_.clear();
  if (mesh.world->rank() == 0) {
    hashes.push_back({StepPart::forward, "loss", hash_of(report.loss)});
    hashes.push_back({StepPart::gradient, "gradient norm", hash_of(report.gradient_norm)});
  }
  add_owned(model, mesh, stream, hashes);
  std::map<std::pair<int, std::string>, std::uint64_t> sums;
  for (const std::string& text : gather_text(*mesh.world, text_of(hashes))) add_text(text, sums);
  std::vector<TensorHash> all;
  for (const auto& [key, hash] : sums)
    all.push_back({static_cast<StepPart>(key.first), key.second, hash});
  std::sort(all.begin(), all.end(),
            [](const TensorHash& a, const TensorHash& b) { return order_of(a) < order_of(b); });
  return all;
}

}  // namespace switchyard
