// LocalSaver: one rank's part in saving node-local checkpoints: its file on its node's own disk,
// and what it keeps for the other nodes (docs/checkpoints.md). Like CheckpointSaver it goes on
// behind the training, one phase further whenever all ranks have voted that they are done with the
// last one; its thread calls no MPI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint_saver.h"
#include "io/checkpoint/staging.h"
#include "io/files/write_pace.h"
#include "io/local/local_disks.h"
#include "io/local/parity_maker.h"
#include "runtime/comm/comm.h"

namespace switchyard {

class LocalSaver {
 public:
  // Collective. The caller keeps world, stream, staging and pace; a save uses the last two until
  // it is over.
  LocalSaver(LocalDisks disks, int attempt, CheckpointSaver::Mode mode, Comm& world, Stream& stream,
             Staging& staging, WritePace& pace);
  // Waits for this rank's thread; what was not committed by then never exists.
  ~LocalSaver();
  LocalSaver(const LocalSaver&) = delete;
  LocalSaver& operator=(const LocalSaver&) = delete;

  // As CheckpointSaver's. advance() returns the folder on this node when every node has committed
  // it and every byte was read back; older ones then go, but for the one before it.
  void start(std::int64_t step, const std::vector<NamedTensor>& mine, nlohmann::json meta);
  bool in_progress() const { return phase_ != Phase::idle; }
  bool working() const;
  std::optional<std::filesystem::path> advance();
  std::optional<std::filesystem::path> finish();

 private:
  enum class Phase : std::uint8_t { idle, writing, making_parity, travelling, committing };

  void run(Phase phase, std::function<void()> work);
  void step_forward();
  void write(const std::vector<NamedTensor>& mine);
  void begin_parity();
  void begin_commit();
  void remove_older();
  void discard();

  LocalDisks disks_;
  int attempt_;
  CheckpointSaver::Mode mode_;
  std::unique_ptr<Comm> world_;  // for this saver alone: pieces travel while the training talks
  Stream& stream_;
  Staging& staging_;
  WritePace& pace_;

  Phase phase_ = Phase::idle;
  std::filesystem::path folder_;
  nlohmann::json top_level_;
  std::vector<FileEntry> entries_;  // of this rank's files
  std::unique_ptr<ParityMaker> parity_;
  std::future<void> work_;      // of this rank's thread in this phase
  std::future<void> removing_;  // older checkpoints of this node
};

}  // namespace switchyard
