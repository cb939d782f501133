#include "io/model_folder/model_writer.h"

#include <algorithm>
#include <utility>

#include "io/checkpoint/checkpoint_file.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/folder/committed_folder.h"
#include "io/folder/hdf5.h"
#include "io/model_folder/deal.h"
#include "io/model_folder/stored_values.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t stored_at_once = std::size_t{1} << 16;      // elements
constexpr const char* unfinished_manifest = "manifest.json.tmp";  // of durable::replace_file

bool is_leftover(const std::string& name, const std::vector<NamedFile>& files) {
  return is_rank_file_name(name) || name == unfinished_manifest ||
         std::ranges::find(files, name, &NamedFile::name) != files.end();
}

// Leaves an empty folder. Before, it is missing or empty, or a writer of these files was killed.
void begin_folder(const fs::path& folder, const std::vector<NamedFile>& files) {
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    require(is_leftover(name, files) && !is_committed(folder), Exit::usage,
            "{} exists already and holds {}: name a folder that does not exist", folder.string(),
            is_committed(folder) ? manifest_name : name);
    leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) durable::remove_tree(path);
  durable::sync_folder(folder);
}

void require_place(const fs::path& folder) {
  std::error_code ignored;
  require(!fs::exists(folder, ignored) || fs::is_directory(folder, ignored), Exit::usage,
          "{} is a file: name a folder that does not exist", folder.string());
  require(!parse_checkpoint_folder_name(folder.filename().string()), Exit::usage,
          "{} has the name of a run's checkpoint: give a model another one", folder.string());
}

std::vector<std::int64_t> dims_of(const Shape& shape) {
  std::vector<std::int64_t> dims;
  for (int i = 0; i < shape.num_dims(); ++i) dims.push_back(shape[i]);
  return dims;
}

}  // namespace

struct ModelWriter::State {
  explicit State(ModelDescription what) : description(std::move(what)) {}

  ModelDescription description;
  std::optional<FolderLock> lock;  // on rank 0
  std::unique_ptr<Hdf5Writer> file;
  std::vector<bool> begun;                 // tensors
  std::optional<std::size_t> in_progress;  // the tensor that append() writes
  std::vector<std::byte> stored;
  std::vector<FileEntry> entries;
  bool committed = false;
};

ModelWriter::ModelWriter(fs::path folder, std::vector<ModelTensor> tensors,
                         ModelDescription description, Comm& world)
    : folder_(std::move(folder)),
      tensors_(std::move(tensors)),
      world_(world),
      state_(std::make_unique<State>(std::move(description))) {
  std::vector<std::int64_t> bytes;
  for (const ModelTensor& tensor : tensors_) bytes.push_back(tensor.bytes());
  const std::vector<int> ranks = deal(bytes, world.size());
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (ranks[i] == world.rank()) mine_.push_back(i);
  }
  state_->begun.resize(tensors_.size());

  on_root(world, [&] {
    require_place(folder_);
    durable::make_folders(folder_);
    state_->lock.emplace(folder_);
    begin_folder(folder_, state_->description.files);
  });
  agree(world, [&] {
    durable::wait_for_file(folder_, std::chrono::seconds(60));
    if (mine_.empty()) return;
    state_->file = std::make_unique<Hdf5Writer>(folder_ / rank_file_name(world.rank()),
                                                checkpoint_chunk_bytes);
  });
}

ModelWriter::~ModelWriter() {
  if (state_->committed) return;
  state_->file.reset();  // removes the file
  if (world_.rank() == 0) durable::try_remove_tree(folder_);
}

void ModelWriter::append(std::size_t index, std::span<const float> values) {
  State& state = *state_;
  const ModelTensor& tensor = tensors_.at(index);
  if (state.in_progress != index) {
    require(std::ranges::binary_search(mine_, index) && !state.begun[index],
            "'{}' is not this rank's to write, or is written twice", tensor.name);
    state.file->begin(tensor.name, name_of(tensor.dtype), dims_of(tensor.shape));
    state.begun[index] = true;
    state.in_progress = index;
  }
  if (tensor.dtype == DType::f32) return state.file->append(std::as_bytes(values));
  while (!values.empty()) {
    const auto part = values.first(std::min(values.size(), stored_at_once));
    state.stored.clear();
    append_stored(part, tensor.dtype, state.stored);
    state.file->append(state.stored);
    values = values.subspan(part.size());
  }
}

void ModelWriter::commit() {
  State& state = *state_;
  agree(world_, [&] {
    for (const std::size_t i : mine_) {
      if (tensors_[i].bytes() == 0 && !state.begun[i]) append(i, {});
      require(state.begun[i], "'{}' was not written", tensors_[i].name);
    }
    if (state.file) state.entries.push_back(state.file->finish());
    if (world_.rank() == 0) {
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
    commit_files(folder_, {model_kind, model_version, join_files(texts), keys});
  });
  state.committed = true;
}

}  // namespace switchyard
