#include "io/model_folder/model_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <set>
#include <utility>

#include "io/checkpoint/checkpoint_file.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/files/hash.h"
#include "io/folder/committed_folder.h"
#include "io/folder/hdf5.h"
#include "io/model_folder/deal.h"
#include "io/model_folder/finished_files.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

void require_place(const fs::path& folder) {
  std::error_code ignored;
  require(!fs::exists(folder, ignored) || fs::is_directory(folder, ignored), Exit::usage,
          "{} is a file: name a folder that does not exist", folder.string());
  require(!parse_checkpoint_folder_name(folder.filename().string()), Exit::usage,
          "{} has the name of a run's checkpoint: give a model another one", folder.string());
}

// What tells one work from another.
std::string hash_of(const ModelDescription& description, const std::vector<ModelTensor>& tensors) {
  if (description.work.empty()) return "";
  std::string text = description.work;
  for (const ModelTensor& tensor : tensors)
    text += fmt::format("\n{} {} {}", tensor.name, name_of(tensor.dtype), tensor.shape);
  return content_hash(text).hex();
}

}  // namespace

std::vector<std::size_t> dealt_to(const std::vector<ModelTensor>& tensors, const Comm& world) {
  std::vector<std::int64_t> bytes;
  for (const ModelTensor& tensor : tensors) bytes.push_back(tensor.bytes());
  const std::vector<int> ranks = deal(bytes, world.size());
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (ranks[i] == world.rank()) mine.push_back(i);
  }
  return mine;
}

std::vector<std::int64_t> dims_of(const Shape& shape) {
  std::vector<std::int64_t> dims;
  for (int i = 0; i < shape.num_dims(); ++i) dims.push_back(shape[i]);
  return dims;
}

struct ModelWriter::State {
  // A file of tensors that is whole, while the disk still writes it.
  struct Syncing {
    std::unique_ptr<Hdf5Writer> file;
    FileEntry entry;
    std::future<void> done;
  };

  State(ModelDescription what, std::string hash)
      : description(std::move(what)), work(std::move(hash)) {}

  ModelDescription description;
  std::string work;                // a hash; empty: nothing is kept
  std::optional<FolderLock> lock;  // on rank 0
  std::vector<FileEntry> kept;     // what a killed writer had finished
  std::unique_ptr<Hdf5Writer> file;
  std::int64_t in_file = 0;  // bytes of tensors
  int num_files = 0;         // of this rank, with those of a killed writer
  std::optional<Syncing> syncing;
  std::vector<bool> begun;                 // tensors
  std::optional<std::size_t> in_progress;  // the tensor that append() writes
  std::vector<FileEntry> entries;
  bool committed = false;

  // Begins the rank's next file.
  void open_file(const fs::path& folder, int rank) {
    std::string name;
    do {
      name = rank_file_name(rank, num_files++);
    } while (std::ranges::find(kept, name, &FileEntry::name) != kept.end());
    file = std::make_unique<Hdf5Writer>(folder / name, checkpoint_chunk_bytes);
    in_file = 0;
  }

  // Lets the disk write the file while the next one is filled.
  void close_file(const fs::path& folder) {
    wait_for_disk();
    FileEntry entry = file->close();
    syncing.emplace(Syncing{std::move(file), std::move(entry), {}});
    syncing->done = std::async(std::launch::async, [this, folder] {
      syncing->file->sync();
      if (!work.empty()) note_finished(folder, syncing->entry, work);
    });
  }

  void wait_for_disk() {
    if (!syncing) return;
    syncing->done.get();
    entries.push_back(std::move(syncing->entry));
    syncing.reset();
  }
};

ModelWriter::ModelWriter(fs::path folder, std::vector<ModelTensor> tensors,
                         ModelDescription description, Comm& world)
    : folder_(std::move(folder)), tensors_(std::move(tensors)), world_(world) {
  std::string work = hash_of(description, tensors_);
  state_ = std::make_unique<State>(std::move(description), std::move(work));
  State& state = *state_;
  state.begun.resize(tensors_.size());
  on_root(world, [&] {
    require_place(folder_);
    durable::make_folders(folder_);
    state.lock.emplace(folder_);
  });
  agree(world, [&] { durable::wait_for_file(folder_, std::chrono::seconds(60)); });
  state.kept = keep_finished(folder_, state.description.files, state.work, world);
  std::set<std::string> kept;
  for (const FileEntry& file : state.kept) {
    for (const Extent& extent : file.extents) kept.insert(extent.name);
  }
  std::vector<std::size_t> left;
  std::vector<ModelTensor> to_write;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    state.begun[i] = kept.contains(tensors_[i].name);
    if (state.begun[i]) continue;
    left.push_back(i);
    to_write.push_back(tensors_[i]);
  }
  num_kept_ = std::ssize(tensors_) - std::ssize(left);
  for (const std::size_t i : dealt_to(to_write, world)) mine_.push_back(left[i]);
  agree(world, [&] {
    if (!mine_.empty()) state.open_file(folder_, world.rank());
  });
}

ModelWriter::~ModelWriter() {
  if (state_->committed) return;
  if (state_->syncing) state_->syncing->done.wait();
  state_->syncing.reset();
  state_->file.reset();  // removes the file
  if (world_.rank() == 0) durable::try_remove_tree(folder_);
}

void ModelWriter::append_bytes(std::size_t index, std::span<const std::byte> bytes) {
  State& state = *state_;
  require(index < tensors_.size(), "there is no tensor {}", index);
  if (state.in_progress != index) begin_tensor(index);
  state.file->append(bytes);
  state.in_file += std::ssize(bytes);
}

void ModelWriter::begin_tensor(std::size_t index) {
  State& state = *state_;
  const ModelTensor& tensor = tensors_[index];
  require(std::ranges::binary_search(mine_, index) && !state.begun[index],
          "'{}' is not this rank's to write, or is written twice", tensor.name);
  if (state.in_file >= state.description.file_bytes) {
    state.close_file(folder_);
    state.open_file(folder_, world_.rank());
  }
  state.file->begin(tensor.name, name_of(tensor.dtype), dims_of(tensor.shape));
  state.begun[index] = true;
  state.in_progress = index;
}

void ModelWriter::commit() {
  State& state = *state_;
  agree(world_, [&] {
    for (const std::size_t i : mine_) {
      if (tensors_[i].bytes() == 0 && !state.begun[i]) append_bytes(i, {});
      require(state.begun[i], "'{}' was not written", tensors_[i].name);
    }
    if (state.file) state.close_file(folder_);
    state.wait_for_disk();
    if (world_.rank() == 0) {
      std::ranges::copy(state.kept, std::back_inserter(state.entries));
      for (const NamedFile& small : state.description.files)
        state.entries.push_back(write_small_file(folder_, small));
      durable::sync_folder(
          fs::absolute(folder_).parent_path());  // a killed writer may have made it
    }
    durable::sync_folder(folder_);
  });
  const auto texts = gather_text(world_, canonical_text(json_of(state.entries)));
  on_root(world_, [&] {
    nlohmann::json keys = {{"num_ranks", world_.size()}, {"meta", state.description.meta}};
    if (state.description.step) keys["step"] = *state.description.step;
    const std::vector<FileEntry> files = join_files(texts);
    commit_files(folder_, {model_kind, model_version, files, keys});
    state.committed = true;
    forget_finished(folder_, files);
  });
  state.committed = true;
}

}  // namespace switchyard
