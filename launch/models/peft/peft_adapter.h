// Adapters as the files of PEFT (https://github.com/huggingface/peft): adapter_config.json and
// adapter_model.safetensors, whose names are those of the model that `export --hugging-face`
// writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/comm/comm.h"

namespace switchyard::models {

struct AdapterFiles {
  std::int64_t adapters = 0, parameters = 0;
  std::string family;  // of transformers, that the names are of
};

// Collective; rank 0 writes. from: a run, checkpoint or model folder with adapters. The folder must
// not exist. Errors, agreed: Exit::usage for a model that no family expresses, for adapters that
// PEFT cannot place (docs/adapters.md), and for a model in which more than the adapters was
// trained; Exit::data, Exit::storage.
AdapterFiles export_adapter(const std::filesystem::path& from, const std::filesystem::path& folder,
                            Comm& world);

// Collective. Writes the model folder of `base` with the adapters in `adapter`. Errors, agreed:
// Exit::data, naming the field or the tensor, for an adapter that is more than products beside
// matrices of this base; those of ModelWriter.
AdapterFiles import_adapter(const std::filesystem::path& adapter, const std::filesystem::path& base,
                            const std::filesystem::path& folder, Comm& world);

}  // namespace switchyard::models
