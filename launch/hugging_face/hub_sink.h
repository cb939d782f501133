// HubSink: writes the tensors of a model as a folder that transformers' from_pretrained loads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/files/file.h"
#include "io/model_folder/model_writer.h"
#include "io/transform/tensor_plan.h"
#include "launch/hugging_face/family.h"
#include "launch/hugging_face/shards.h"
#include "launch/hugging_face/tokenizer/hub_tokenizer.h"
#include "runtime/comm/comm.h"

namespace switchyard::hub {

struct HubFormat {
  std::string dtype = "f32";  // or "bf16", "f16"; values are rounded once, to nearest even
  ExpertNames names = ExpertNames::original;
  std::int64_t shard_bytes = 5'000'000'000;
};

// Everything that the folder holds but values.
struct HubDescription {
  Family family{};
  Layout layout;
  Shards shards;
  std::vector<TextFile> files;
  std::string config;  // of config.json
};

// lineage: of the model, for what its first config.json said and no config of ours does. Errors:
// Exit::usage if no family expresses the model.
HubDescription describe_hub(const Config& config, const Tokenizer& tokenizer,
                            const nlohmann::json& lineage, const HubFormat& format);

// The plans in the order of the layout, of the type that the files have (f32 for F16). A gate that
// never moved its bias has none, which is zeros. Errors: Exit::data for a tensor that the layout
// needs and `plans` lack, or the other way around; `model` names them in errors.
std::vector<TensorPlan> hub_plans(std::vector<TensorPlan> plans, const HubDescription& what,
                                  const std::string& model);

class HubSink final : public TensorSink {
 public:
  // Collective. Begins the folder, which must not exist, but for what a writer left that was killed
  // there: that is replaced. Tensors are those of hub_plans(). The caller keeps `what` and world.
  // Errors: agreed; Exit::usage if the folder has other files, Exit::storage.
  HubSink(std::filesystem::path folder, const HubDescription& what, Comm& world);

  const std::vector<std::size_t>& mine() const override { return mine_; }
  DType dtype(std::size_t tensor) const override;  // f32 of F16, too
  // Errors: Exit::data for a value that F16 cannot hold; Exit::storage.
  void append_bytes(std::size_t tensor, std::span<const std::byte> bytes) override;

  // Collective. The folder is whole once its config.json exists, which is written last. Errors:
  // agreed; Exit::storage.
  void commit();

 private:
  durable::File& file_of(std::size_t shard);

  std::filesystem::path folder_;
  const HubDescription& what_;
  Comm& world_;
  std::vector<std::size_t> mine_;
  std::vector<std::int64_t> done_;  // bytes of each tensor, as stored
  std::map<std::size_t, durable::File> open_;
  std::int64_t in_memory_ = 0;  // bytes since the disk began to write
};

}  // namespace switchyard::hub
