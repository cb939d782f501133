// Checkpoints: committed folders of one HDF5 file per rank, tensors keyed by global name
// (docs/checkpoints.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/comm/comm.h"
#include "runtime/tensor.h"

namespace switchyard {

struct NamedTensor {
  // "value/layer3.expert17.up", "first_moment/layer3.expert17.up": HDF5 groups and a dataset, so no
  // name may be another one's group.
  std::string name;
  Tensor tensor;  // on the host, or of a saver's stream's device
};

// Collective. Writes run_directory/checkpoints/step-SSSSSSSS-aAAAA: `mine` are the tensors that
// this rank owns; every name of the model is owned by exactly one rank. `meta` of rank 0 goes into
// the manifest. The folder exists, for readers, from the rename of its manifest on. Errors: agreed;
// Exit::storage with what the disk said. io/checkpoint/checkpoint_saver.h does the same behind the
// training.
std::filesystem::path save_checkpoint(const std::filesystem::path& run_directory, std::int64_t step,
                                      int attempt, const std::vector<NamedTensor>& mine,
                                      const nlohmann::json& meta, Comm& world, Stream& stream);

// A checkpoint opened for reading: any rank may read any tensor.
class CheckpointReader {
 public:
  // Errors: Exit::data, naming what is missing or damaged. Checks the manifest and each file's
  // structure hash.
  explicit CheckpointReader(const std::filesystem::path& folder);
  // Collective. Rank 0 opens and checks `folder` (its own path counts) and sends the manifest to
  // the others, which open no file before they read from it, and then wait up to 60 s for one that
  // a network file system does not show them yet. Errors: agreed.
  static CheckpointReader open_on_all(const std::filesystem::path& folder, Comm& world);
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;

  const std::filesystem::path& folder() const;
  std::int64_t step() const;
  const nlohmann::json& meta() const;
  std::vector<std::string> names() const;  // sorted
  Shape shape(const std::string& name) const;
  DType dtype(const std::string& name) const;
  // Reads and checks every byte against its hash. Errors: Exit::data for a missing name, another
  // shape or type, or a hash that does not match, naming the file.
  void read(const std::string& name, Tensor out) const;

  // Reads every byte of every file. Errors: Exit::data naming what is wrong.
  void verify() const;
  // One share of that, of `num_parts`: every byte is in one of them. Files that no share reads
  // hold no tensor, and were checked when the checkpoint was opened.
  void verify_share(int part, int num_parts) const;
  std::int64_t bytes() const;      // of all files
  std::int64_t num_files() const;  // one for each rank that wrote it

  // One hash over (name, dtype, shape, bytes) of every tensor in name order: the same for any
  // layout. Hex.
  std::string hash() const;

 private:
  struct State;
  explicit CheckpointReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Copies a checkpoint into the folder `to`, which must not exist: every byte is checked on its way
// and in its new place, and the copy exists from the moment its manifest does. Errors: Exit::data
// for a damaged one, Exit::usage if `to` is there, Exit::storage.
void copy_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to);

struct CheckpointStatus {
  std::filesystem::path folder;
  std::int64_t step = 0;
  int attempt = 0;
  bool committed = false;
  bool superseded = false;  // io/checkpoint/run_line.h; `problem` says by whom
  std::string problem;      // empty: complete, and nothing is visibly wrong
};

// All checkpoint folders of a run, oldest first, without opening one.
std::vector<CheckpointStatus> find_checkpoints(const std::filesystem::path& run_directory);
// And with a look at each: the problem of one that is damaged outside its tensor data.
std::vector<CheckpointStatus> list_checkpoints(const std::filesystem::path& run_directory);
// Reads every byte. The problem in words, or nothing.
std::optional<std::string> verify_checkpoint(const std::filesystem::path& folder);
// The newest that counts (io/checkpoint/run_line.h) and verifies, and a line for each newer one
// that did not. Nothing if there is none. back: so many good ones before it, or the oldest if there
// are fewer. Collective: rank 0 lists them, each rank verifies a share of the bytes, and all learn
// the same.
struct Found {
  std::optional<std::filesystem::path> folder;
  std::vector<std::string> skipped;
  std::int64_t num_damaged = 0;  // of the skipped: they would count, but cannot be read whole
};
Found newest_good_checkpoint(const std::filesystem::path& run_directory, Comm& world,
                             std::int64_t back = 0);
// By one process.
Found newest_good_checkpoint(const std::filesystem::path& run_directory);

}  // namespace switchyard
