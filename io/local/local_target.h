// LocalTarget: saves node-local checkpoints: each rank's file on its node's own disk, and beside it
// what the node keeps for other nodes (docs/checkpoints.md).
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/background_save.h"
#include "io/local/local_disks.h"
#include "io/local/parity_maker.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// The phases: every rank writes its file as SharedTarget does, and the first rank of each node the
// snapshot's small files; in rounds, the ranks send each other
// pieces and keep the parity; the first rank of each node renames the manifest. Then older
// checkpoints of the node go, but for the one before.
class LocalTarget final : public SaveTarget {
 public:
  // Collective over world.
  LocalTarget(LocalDisks disks, int attempt, Comm& world);

  SavePhases begin(const Snapshot& snapshot, WritePace& pace) override;
  const std::filesystem::path& folder() const override { return folder_; }
  void discard() override;

 private:
  void write(const std::vector<NamedTensor>& mine, const std::vector<NamedFile>& files,
             WritePace& pace);
  void begin_parity(WritePace& pace, SavePhases& following);
  void agree_on_manifest();
  void commit() const;
  void remove_older();

  LocalDisks disks_;
  int attempt_;
  std::unique_ptr<Comm>
      world_;  // for this target alone: its pieces travel while the training talks

  std::filesystem::path folder_;
  nlohmann::json manifest_keys_;
  std::vector<FileEntry> entries_;  // of this rank's files
  std::unique_ptr<ParityMaker> parity_;
  std::string manifest_;
  std::future<void> removing_;  // older checkpoints of this node
};

}  // namespace switchyard
