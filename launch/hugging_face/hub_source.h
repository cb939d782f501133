// Opens a folder in the layout of Hugging Face's transformers as a model: CheckpointReader reads
// its tensors under our names where they lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "io/checkpoint/checkpoint.h"
#include "io/model_folder/model_writer.h"
#include "launch/hugging_face/hub_config.h"
#include "launch/hugging_face/hub_layout.h"
#include "launch/hugging_face/hub_weights.h"
#include "runtime/comm/comm.h"

namespace switchyard::hub {

// The kind of such a reader.
inline constexpr const char* hub_kind = "hugging_face";
// A file that `model make` leaves beside the weights: {"lineage"}.
inline constexpr const char* lineage_name = "switchyard.json";

// True for a folder with a config.json and no manifest.
bool is_hub_folder(const std::filesystem::path& folder);

struct HubOptions {
  std::filesystem::path from;        // a folder with config.json and safetensors
  std::string tokenizer;             // "bytes", or a file instead of the folder's; empty: its own
  std::int64_t sequence_length = 0;  // of the config; 0: what the model allows, and at most 4096
};

// What is known before any value is read.
struct HubSource {
  HubModel model;
  HubWeights weights;
  Layout layout;
  ModelDescription description;

  // Without hashes: nothing that it reads is checked.
  CheckpointReader reader() const;
};

// Not collective. Errors: Exit::data, naming the key of config.json, the tensor or the file that
// does not fit; Exit::usage for a tokenizer that does not exist.
HubSource open_hub_source(const HubOptions& options);

// Collective. A reader that checks each byte against hashes that the ranks compute at first, each
// of its share, by reading every tensor once: digest() is that of the model folder that `import`
// makes of F32 and BF16 tensors. Errors: agreed; as above.
CheckpointReader open_hub_model(const std::filesystem::path& folder, Comm& world);

}  // namespace switchyard::hub
