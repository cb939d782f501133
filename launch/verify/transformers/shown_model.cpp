#include "launch/verify/transformers/shown_model.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>

#include "launch/assemble/assemble.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/device_comm.h"
#include "runtime/device/host_access.h"
#include "runtime/error.h"
#include "runtime/params/rounded_values.h"
#include "train/state/load_state.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

void append(const fs::path& path, const void* data, std::int64_t bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file.write(static_cast<const char*>(data), bytes);
  file.close();
  require(file.good(), Exit::storage, "cannot write {} bytes to {}", bytes, path.string());
}

// Appends the rows of each tensor to its file.
class RowFiles final : public ForwardWatch {
 public:
  explicit RowFiles(fs::path folder) : folder_(std::move(folder)) {}

  void saw(const std::string& tensor, const Batch&, Tensor rows, Stream& stream) override {
    if (rows.dtype != DType::f32) return;  // the chosen experts
    std::vector<float> values(static_cast<std::size_t>(rows.size()));
    stream.synchronize();
    read_now(rows, values.data());
    append(folder_ / (tensor + ".f32"), values.data(),
           std::ssize(values) * static_cast<std::int64_t>(sizeof(float)));
    if (std::find(tensors_.begin(), tensors_.end(), tensor) == tensors_.end())
      tensors_.push_back(tensor);
  }
  const std::vector<std::string>& tensors() const { return tensors_; }

 private:
  fs::path folder_;
  std::vector<std::string> tensors_;
};

void append_batch(const fs::path& folder, const Batch& batch) {
  for (const auto& [name, tensor] :
       {std::pair("tokens.i32", batch.tokens), std::pair("targets.i32", batch.targets),
        std::pair("positions.i32", batch.positions)})
    append(folder / name, tensor.data, tensor.size() * static_cast<std::int64_t>(sizeof(int)));
}

std::int64_t targets_of(const Batch& batch) {
  const auto* targets = batch.targets.as<std::int32_t>();
  return std::count_if(targets, targets + batch.num_tokens(), [](int id) { return id >= 0; });
}

Transformer::Options options_of(const Config& config, std::int64_t num_ids, Device device,
                                ForwardWatch& watch) {
  Transformer::Options options = model_options(config, num_ids, device);
  options.load_factor = 0.0;
  options.recompute_layers = 0;
  options.use = ParamUse::inference;
  options.freeze.clear();
  options.watch = &watch;
  return options;
}

}  // namespace

ShownModel show_model(const Config& config, const CheckpointReader& weights,
                      const TokenStore& store, std::int64_t most_tokens, const fs::path& folder,
                      std::unique_ptr<Comm> comm) {
  const Device device = choose_device(config.run, *comm);
  Stream stream = make_stream(config, device, *comm);
  Mesh mesh = make_mesh(make_device_world(std::move(comm), device).comm, 1);
  RowFiles rows(folder);
  Transformer model(config.model, config.router,
                    options_of(config, store.vocabulary(), device, rows), mesh);
  load_values(weights, model);
  Loader loader(store, /*rows_folder=*/"", "train", loader_layout(config, store, *mesh.world));
  std::vector<Batch> batches;
  ShownModel shown;
  for (Batch batch : loader.step(0).micro_batches) {
    if (shown.tokens > 0 && shown.tokens + batch.num_tokens() > most_tokens) break;
    batch.step = -1;  // gates add no noise
    shown.tokens += batch.num_tokens();
    shown.targets += targets_of(batch);
    batches.push_back(batch);
  }
  require(shown.targets > 0, Exit::data, "the first {} tokens of {} have no target", shown.tokens,
          store.dataset().string());
  StepSums sums = model.empty_sums();
  const RoundedValues rounded(model.params(), stream);
  for (const Batch& batch : batches) {
    append_batch(folder, batch);
    model.forward(batch, stream);
    model.evaluate(shown.targets, sums, stream);
  }
  stream.synchronize();
  require(sums.broken() == 0, Exit::numerical, "the loss of the model is not finite");
  shown.loss = model.loss_format().value(sums.loss());
  shown.tensors = rows.tensors();
  return shown;
}

}  // namespace switchyard
