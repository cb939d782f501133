// Reads a model's folder in the layout of Hugging Face's transformers and writes it as a model
// folder (io/model_folder/model_writer.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "launch/hugging_face/family.h"
#include "runtime/comm/comm.h"

namespace switchyard::hub {

struct ImportOptions {
  std::filesystem::path from;    // a folder with config.json and safetensors
  std::filesystem::path folder;  // must not exist, but for what a killed import left
  std::string tokenizer{};       // "bytes", or a file instead of the folder's; empty: the folder's
  std::int64_t sequence_length = 0;  // of the config; 0: what the model allows, and at most 4096
};

struct Imported {
  Family family{};
  std::int64_t tensors = 0, parameters = 0, files = 0, bytes = 0;  // that were read
  std::int64_t sequence_length = 0, max_positions = 0;  // of the config, and of the model
};

// Collective: ranks share the tensors by bytes, and each needs memory for a few megabytes of one.
// The folder is whole once its manifest exists, which is written last. Errors, agreed: Exit::data,
// naming the key of config.json, the tensor or the file that does not fit; Exit::usage if the
// folder has other files; Exit::storage.
Imported import_model(const ImportOptions& options, Comm& world);

}  // namespace switchyard::hub
