// Checkpoints: committed folders of one HDF5 file per rank, tensors keyed by global name
// (docs/checkpoints.md). Model folders are the same without what only training needs
// (io/model_folder/model_writer.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/folder/extent.h"
#include "io/folder/json_fields.h"
#include "io/folder/manifest.h"
#include "runtime/codes/weight_codes.h"
#include "runtime/comm/comm.h"
#include "runtime/tensor.h"

namespace switchyard {

struct NamedTensor {
  // "value/layer3.expert17.up", "first_moment/layer3.expert17.up": HDF5 groups and a dataset, so no
  // name may be the group of another name.
  std::string name;
  Tensor tensor;  // on the host, or on the device of the stream that saves it
};

// Collective. Writes run_directory/checkpoints/step-SSSSSSSS-aAAAA: `mine` are the tensors that
// this rank owns; exactly one rank owns each name of the model. `meta` of rank 0 goes into the
// manifest. The folder exists for readers once its manifest has been renamed. Errors: agreed;
// Exit::storage with what the disk said. io/checkpoint/background_save.h does the same behind the
// training.
std::filesystem::path save_checkpoint(const std::filesystem::path& run_directory, std::int64_t step,
                                      int attempt, const std::vector<NamedTensor>& mine,
                                      const nlohmann::json& meta, Comm& world, Stream& stream);

// A checkpoint or a model folder opened for reading: any rank may read any tensor.
class CheckpointReader {
 public:
  // Errors: Exit::data, naming what is missing or damaged. Checks the manifest and each file's
  // structure hash.
  explicit CheckpointReader(const std::filesystem::path& folder);
  // Collective. Rank 0 opens and checks `folder` (its path counts) and sends the manifest to the
  // other ranks. They open no file before they read from it, and wait up to 60 s for a file that a
  // network file system does not show them yet. Errors: agreed.
  static CheckpointReader open_on_all(const std::filesystem::path& folder, Comm& world);
  // A model in files of another format: `manifest` says where its tensors are in them, also of type
  // "f16", which is read as f32. Chunks without hashes are not checked. files: by name, those that
  // read_file() gives. Errors: Exit::data for a tensor that occurs twice.
  CheckpointReader(std::filesystem::path folder, Manifest manifest,
                   std::map<std::string, std::string> files);
  ~CheckpointReader();
  CheckpointReader(CheckpointReader&&) noexcept;

  const std::filesystem::path& folder() const;
  const std::string& kind() const;  // "checkpoint", "model", or that of another format
  bool is_model() const;
  std::int64_t step() const;  // 0 of a model that does not know it
  std::optional<std::int64_t> known_step() const;
  const nlohmann::json& meta() const;
  // Those of meta(). Errors name the manifest.
  JsonFields fields() const;
  // Coded weights (io/checkpoint/coded_tensor.h) are "value/NAME" here, an f32 matrix that reading
  // decodes.
  std::vector<std::string> names() const;  // sorted
  Shape shape(const std::string& name) const;
  DType dtype(const std::string& name) const;
  // The format of coded weights "value/NAME"; nothing for others.
  std::optional<CodeFormat> format(const std::string& name) const;
  // What `evaluate`, `sample` and `score` hold of a tensor in a CPU's memory: f32, or codes and
  // scales.
  std::int64_t held_bytes(const std::string& name) const;
  // Reads the codes and scales of coded weights as they are. Errors: as read().
  struct Codes {
    std::vector<std::byte> codes;
    std::vector<float> scales;
  };
  Codes read_codes(const std::string& name) const;
  // Reads the tensor and checks every byte against its hash; an f32 tensor takes what a model keeps
  // as bf16. Errors: Exit::data for a missing name, another shape or type, or a hash that does not
  // match, naming the file.
  void read(const std::string& name, Tensor out) const;
  // Reads elements [begin, begin + out.size()) of an f32 or bf16 tensor, and checks each chunk that
  // they touch. Errors: as read().
  void read_part(const std::string& name, std::int64_t begin, std::span<float> out) const;
  // How the manifest describes the tensor.
  const Extent& extent(const std::string& name) const;
  // The bytes of elements of a tensor of any type, from element `begin` on, as they are stored;
  // checked as by read_part().
  void read_bytes(const std::string& name, std::int64_t begin, std::span<std::byte> out) const;
  // The bytes of a file beside the tensors, checked against their hash. Errors: Exit::data for a
  // name that the manifest lacks, or damage.
  std::string read_file(const std::string& name) const;

  // Reads every byte of every file. Errors: Exit::data naming what is wrong.
  void verify() const;
  // Reads one of `num_parts` shares; every byte of the tensors is in one of them. Files without
  // tensors were checked when the checkpoint was opened.
  void verify_share(int part, int num_parts) const;
  const std::vector<FileEntry>& files() const;
  std::int64_t bytes() const;      // of all files
  std::int64_t num_ranks() const;  // those that wrote it

  // One hash, in hex, over (name, dtype, shape, bytes) of every tensor in name order: the same for
  // any layout.
  std::string hash() const;
  // Another hash, in hex, of (name, dtype, shape, hashes of the chunks) of every tensor in name
  // order: it changes with any byte of a tensor, too, and is the same for any layout, and it needs
  // nothing but the manifest.
  std::string digest() const;

 private:
  struct State;
  explicit CheckpointReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Copies a checkpoint into the folder `to`, which must not exist, and checks every byte of the
// copy. The copy exists once its manifest does. Errors: Exit::data for a damaged checkpoint,
// Exit::usage if `to` exists, Exit::storage.
void copy_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to);

struct CheckpointStatus {
  std::filesystem::path folder;
  std::int64_t step = 0;
  int attempt = 0;
  bool committed = false;
  bool superseded = false;  // io/checkpoint/run_line.h; `problem` says by whom
  std::string problem;      // empty: the checkpoint is complete, and nothing is visibly wrong
};

// All checkpoint folders of a run, oldest first, without opening one.
std::vector<CheckpointStatus> find_checkpoints(const std::filesystem::path& run_directory);
// Opens each of them, too: finds the problem of one that is damaged outside its tensor data.
std::vector<CheckpointStatus> list_checkpoints(const std::filesystem::path& run_directory);
// The validation loss that a checkpoint was saved with; nothing if it was not evaluated, or is
// damaged.
std::optional<double> validation_loss_of(const std::filesystem::path& folder);
// The checkpoints that count (io/checkpoint/run_line.h) and have a validation loss, the lowest loss
// first; of equal ones the earliest first.
struct RankedCheckpoint {
  double validation_loss = 0.0;
  std::filesystem::path folder;
};
std::vector<RankedCheckpoint> rank_checkpoints(const std::filesystem::path& run_directory);
// The checkpoint that a short name means: RUN@STEP, RUN/STEP, RUN@FOLDER or RUN/FOLDER, of one step
// the newest that counts; RUN@best, the one with the lowest validation loss. Nothing: `name` has no
// such form, or RUN is no run directory. Errors: Exit::data if the run has no such checkpoint,
// naming the steps it has.
std::optional<std::filesystem::path> find_by_short_name(const std::string& name);
// Reads every byte. Returns the problem in words, or nothing.
std::optional<std::string> verify_checkpoint(const std::filesystem::path& folder);
// Finds the newest checkpoint that counts (io/checkpoint/run_line.h) and verifies, with a line for
// each newer one that does not. back: skips this many good ones, but takes the oldest if there are
// too few. Collective: rank 0 lists the checkpoints, each rank verifies a share of the bytes, and
// all get the same result.
struct Found {
  std::optional<std::filesystem::path> folder;
  std::vector<std::string> skipped;
  std::int64_t num_damaged = 0;  // skipped ones that would count, but cannot be read whole
};
Found newest_good_checkpoint(const std::filesystem::path& run_directory, Comm& world,
                             std::int64_t back = 0);
// The same by one process.
Found newest_good_checkpoint(const std::filesystem::path& run_directory);

}  // namespace switchyard
