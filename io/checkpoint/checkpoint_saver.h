// CheckpointSaver: one rank's part in saving checkpoints, in the background or not. The ranks agree
// by votes that ride on a reduction the run does anyway; the thread that writes calls no MPI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/staging.h"
#include "io/files/write_pace.h"
#include "io/folder/manifest.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// A save is: write (every rank hashes, writes and fsyncs its file, reads it back and checks it),
// vote, commit (rank 0 renames the manifest), vote. Where all ranks are in it is the same on all of
// them.
class CheckpointSaver {
 public:
  enum class Mode : std::uint8_t { synchronous, asynchronous };

  // The caller keeps world and stream. write_rate: bytes per second that this rank writes behind
  // the training, as a mean over whole tensors; 0: no limit.
  CheckpointSaver(std::filesystem::path run_directory, int attempt, Mode mode, Comm& world,
                  Stream& stream, std::int64_t write_rate = 0);
  // Waits for this rank's thread; what was not committed by then never exists.
  ~CheckpointSaver();
  CheckpointSaver(const CheckpointSaver&) = delete;
  CheckpointSaver& operator=(const CheckpointSaver&) = delete;

  // Touches the memory that saves of these tensors will be copied to, so that the first save does
  // not stall longer than the others.
  void prepare(const std::vector<NamedTensor>& mine);
  // Where tensors wait, and how fast they are written. While no save is in progress, others may
  // use both.
  Staging& staging() { return staging_; }
  WritePace& pace() { return pace_; }

  // Collective. Takes the tensors that this rank owns (every name of the model is owned by exactly
  // one rank); asynchronous: a copy of them, else they must stay as they are until the save ends.
  // `meta` is rank 0's. No save may be in progress. Errors: of a save in progress, as finish().
  void start(std::int64_t step, const std::vector<NamedTensor>& mine, nlohmann::json meta);

  bool in_progress() const { return phase_ != Phase::idle; }
  // This rank's vote: true while its thread works.
  bool working() const;

  // Collective; call it only when no rank is working(). Takes the save one phase on. Returns the
  // checkpoint's folder when it is committed; every byte of it was read back before that. Errors:
  // agreed; Exit::storage with what the disk said; the checkpoint then does not exist, and another
  // save may start.
  std::optional<std::filesystem::path> advance();

  // Collective. Waits for the save in progress, if there is one.
  std::optional<std::filesystem::path> finish();
  // The save in progress is waited for: it goes as fast as it can.
  void hurry() { pace_.hurry(); }

 private:
  enum class Phase : std::uint8_t { idle, writing, committing };

  void begin_commit();
  void discard();
  std::filesystem::path my_file() const;

  std::filesystem::path run_directory_;
  int attempt_;
  Mode mode_;
  Comm& world_;
  Stream& stream_;
  Staging staging_;
  WritePace pace_;

  Phase phase_ = Phase::idle;
  std::filesystem::path folder_;
  nlohmann::json top_level_;
  FileEntry entry_;  // of this rank's file, once it is written
  std::future<FileEntry> writing_;
  std::future<void> committing_;
};

}  // namespace switchyard
