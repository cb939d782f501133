// SharedTarget: saves checkpoints into a run directory that all ranks share (docs/checkpoints.md).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/background_save.h"
#include "io/folder/extent.h"

namespace switchyard {

// The phases: every rank hashes, writes and fsyncs its file, reads it back and checks it, and rank
// 0 does the same with the snapshot's small files; then rank 0 renames the manifest.
class SharedTarget final : public SaveTarget {
 public:
  // The caller keeps world.
  SharedTarget(std::filesystem::path run_directory, int attempt, Comm& world);

  // Errors: agreed, Exit::data if this attempt has saved that step already.
  SavePhases begin(const Snapshot& snapshot, WritePace& pace) override;
  const std::filesystem::path& folder() const override { return folder_; }
  void discard() override;

 private:
  void write(const std::vector<NamedTensor>& mine, const std::vector<NamedFile>& files,
             WritePace& pace);
  void gather_entries();
  void commit() const;

  std::filesystem::path run_directory_;
  int attempt_;
  Comm& world_;

  std::filesystem::path folder_;
  nlohmann::json manifest_keys_;
  std::vector<FileEntry> entries_;     // of this rank's files, once it has written them
  std::vector<std::string> gathered_;  // those of all ranks, on rank 0
};

}  // namespace switchyard
