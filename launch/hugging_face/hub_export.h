// Writes the model of a checkpoint or a model folder as a folder that transformers' from_pretrained
// loads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "launch/hugging_face/family.h"
#include "launch/hugging_face/hub_sink.h"
#include "runtime/comm/comm.h"

namespace switchyard::hub {

struct ExportOptions {
  std::filesystem::path from;    // a checkpoint, a model, or a run for its newest good checkpoint
  std::filesystem::path folder;  // must not exist, but for what a killed export left
  HubFormat format{};
};

struct Exported {
  Family family{};
  std::int64_t tensors = 0, parameters = 0, files = 0, bytes = 0;
  std::int64_t mtp_modules = 0;  // of multi-token prediction, which were left out
};

// Collective: ranks share the tensors by bytes, and each needs memory for a few megabytes of one.
// The folder is whole once its config.json exists, which is written last. Errors, agreed:
// Exit::usage if no family expresses the model or the folder has other files, Exit::data for a
// damaged checkpoint or a tensor that no rule uses, Exit::storage.
Exported export_model(const ExportOptions& options, Comm& world);

}  // namespace switchyard::hub
