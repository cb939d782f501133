#include "launch/models/calibrated.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "io/checkpoint/coded_tensor.h"
#include "launch/assemble/restored_model.h"
#include "launch/models/calibration.h"
#include "launch/models/merge.h"
#include "model/param_role.h"
#include "model/transformer/layer_walk.h"
#include "runtime/comm/agree.h"
#include "runtime/device/host_access.h"
#include "runtime/error.h"
#include "train/compress/linear_statistics.h"
#include "train/compress/wanda.h"

namespace switchyard::models {
namespace {

class Compressing {
 public:
  Compressing(const Compression& compression, const std::vector<TensorPlan>& plans,
              RestoredModel& restored)
      : compression_(compression), restored_(restored), params_(restored.model().params()) {
    for (const TensorPlan& plan : plans) {
      if (!plan.parts.empty()) continue;
      const bool codes = plan.tensor.name.starts_with("code/");
      const std::string name = codes ? value_name_of(plan.tensor.name) : plan.tensor.name;
      if (name.starts_with(value_prefix)) names_.insert(name);
      if (plan.tensor.name.starts_with("scale/"))
        groups_["value/" + plan.tensor.name.substr(6)] = plan.tensor.shape[1];
    }
  }

  // The layer that is next becomes its compressed self.
  void layer(LayerWalk& walk, const Calibration& calibration) {
    std::vector<ParamId> weights;
    for (ParamId id = 0; id < params_.num_params(); ++id) {
      const std::string& name = params_.spec(id).name;
      if (layer_of_param(name) == walk.layer() && names_.contains(value_name(id)))
        weights.push_back(id);
    }
    const bool products = compression_.quantizes || compression_.prune_by == PruneBy::sparsegpt;
    LinearStatistics statistics(params_, weights,
                                products ? InputMoments::products : InputMoments::squares,
                                calibration.total_rows(), calibration.num_batches());
    do walk.compute(&statistics);
    while (!statistics.finish(restored_.mesh(), restored_.stream()));
    agree(*restored_.mesh().world, [&] {
      for (std::size_t i = 0; i < weights.size(); ++i) {
        if (rank_of(i, weights[i]) == holders(weights[i]).rank()) compress(weights[i], statistics);
      }
    });
    for (std::size_t i = 0; i < weights.size(); ++i) share(weights[i], rank_of(i, weights[i]));
    if (walk.layer() + 1 < restored_.config().model.num_layers) walk.compute(nullptr);
    walk.advance();
  }

  // The values, and scales of codes, that this rank hosts; nothing for others.
  ParamId hosted(const std::string& value) const {
    return params_.find(value.substr(value_prefix.size()));
  }
  std::vector<float> values(ParamId id) const {
    std::vector<float> values(static_cast<std::size_t>(params_.spec(id).shape.size()));
    read_now(params_.value(id), values.data());
    return values;
  }
  const std::vector<float>& scales(ParamId id) const { return scales_.at(id); }
  int num_unreached() {
    return static_cast<int>(
        reduce_one(*restored_.mesh().world, std::int64_t{num_unreached_}, Reduce::sum));
  }

 private:
  std::string value_name(ParamId id) const {
    return std::string(value_prefix) + params_.spec(id).name;
  }
  Comm& holders(ParamId id) const {
    Mesh& mesh = restored_.mesh();
    return params_.spec(id).expert ? *mesh.replicas : *mesh.world;
  }
  int rank_of(std::size_t i, ParamId id) const { return static_cast<int>(i) % holders(id).size(); }

  void compress(ParamId id, const LinearStatistics& statistics) {
    const Shape shape = params_.spec(id).shape;
    const std::int64_t in = shape[1];
    InputStatistics inputs = statistics.of(id);
    const bool reached = inputs.rows >= in;
    if (!reached) ++num_unreached_;
    std::vector<float> weights = values(id);
    Stream& stream = restored_.stream();
    if (!compression_.quantizes && compression_.prune_by == PruneBy::wanda) {
      if (!reached) inputs.squares.assign(inputs.squares.size(), 1.0);
      wanda(weights, inputs.squares, compression_.sparsity, compression_.pattern);
    } else {
      const HessianFactor hessian =
          reached ? hessian_factor(std::move(inputs.products), in, compression_.damping)
                  : no_hessian(in);
      if (compression_.quantizes) {
        const CodeFormat format{compression_.format.bits, in / groups_.at(value_name(id))};
        scales_[id] = gptq(weights, format, hessian, stream);
      } else {
        sparse_gpt(weights, compression_.sparsity, compression_.pattern, hessian, stream);
      }
    }
    write_now(weights.data(), params_.value(id));
  }

  void share(ParamId id, int root) {
    Comm& comm = holders(id);
    Stream& stream = restored_.stream();
    comm.broadcast(params_.value(id), root, stream);
    stream.synchronize();
    if (!compression_.quantizes) return;
    std::vector<float>& scales = scales_[id];
    scales.resize(static_cast<std::size_t>(params_.spec(id).shape[0] * groups_.at(value_name(id))));
    Stream host = Stream::cpu(1);
    comm.broadcast(tensor_of(scales.data(), {std::ssize(scales)}), root, host);
  }

  const Compression& compression_;
  RestoredModel& restored_;
  Params& params_;
  std::set<std::string> names_;                 // of the values that are compressed
  std::map<std::string, std::int64_t> groups_;  // of their rows
  std::map<ParamId, std::vector<float>> scales_;
  int num_unreached_ = 0;
};

// What a tensor of the new model holds of a compressed matrix.
std::vector<float> stored_values(const ModelTensor& tensor, const std::vector<float>& values,
                                 const std::vector<float>& scales) {
  if (tensor.name.starts_with("scale/")) return scales;
  if (!tensor.name.starts_with("code/")) return values;
  const int bits = tensor.dtype == DType::u8 ? 4 : 8;
  const std::size_t group = values.size() / scales.size();
  const auto code = [&](std::size_t i) { return code_of(values[i], scales[i / group], bits); };
  std::vector<float> stored;
  for (std::size_t i = 0; i < values.size(); i += bits == 4 ? 2 : 1)
    stored.push_back(bits == 4 ? static_cast<float>(packed_int4(code(i), code(i + 1))) : code(i));
  return stored;
}

// Gives the compressed tensors to the ranks that write them.
void write(const Compressing& made, const std::vector<TensorPlan>& plans, TensorSink& sink,
           Comm& world) {
  Stream stream = Stream::cpu(1);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!plans[i].parts.empty()) continue;
    const ModelTensor& tensor = plans[i].tensor;
    const std::string value = "value/" + tensor.name.substr(tensor.name.find('/') + 1);
    const ParamId id = made.hosted(value);
    const bool writes = std::ranges::binary_search(sink.mine(), i);
    const std::int64_t last = std::int64_t{1} << 32;
    // The writer itself if it can, or else the first rank that hosts the matrix.
    const std::int64_t root = reduce_one(world,
                                         id < 0   ? last
                                         : writes ? std::int64_t{-1}
                                                  : std::int64_t{world.rank()},
                                         Reduce::min);
    std::vector<float> stored;
    if (root == -1 ? writes : root == world.rank()) {
      const std::vector<float> scales =
          tensor.name.starts_with("value/") ? std::vector<float>{} : made.scales(id);
      stored = stored_values(tensor, made.values(id), scales);
    } else {
      stored.resize(static_cast<std::size_t>(tensor.shape.size()));
    }
    if (root >= 0)
      world.broadcast(tensor_of(stored.data(), {std::ssize(stored)}), static_cast<int>(root),
                      stream);
    agree(world, [&] {
      if (writes) sink.append(i, stored);
    });
  }
}

}  // namespace

int compress_calibrated(const Recipe& recipe, const std::vector<TensorPlan>& plans,
                        const CheckpointReader& model, TensorSink& sink, Comm& world,
                        const std::function<void(std::int64_t, std::int64_t)>& progress) {
  RestoredModel restored(model.folder(), {}, world.split(0, world.rank()), nullptr,
                         RestoredModel::Codes::decode);
  const Calibration calibration(recipe, model, restored.config(), world);
  Compressing compressing(recipe.compression, plans, restored);
  LayerWalk walk(restored.model(), calibration.batches(), restored.stream());
  while (!walk.done()) {
    compressing.layer(walk, calibration);
    if (progress) progress(walk.layer(), restored.config().model.num_layers);
  }
  write(compressing, plans, sink, world);
  return compressing.num_unreached();
}

}  // namespace switchyard::models
