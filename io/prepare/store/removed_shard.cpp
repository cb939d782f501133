#include "io/prepare/store/document_store.h"
#include "io/prepare/store/shard_file.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

enum RemovedString : std::int64_t {
  excerpt_string = ShardFile::first_own_string,
  reason_string,
  keeper_id_string,
  num_removed_strings
};
enum RemovedDataset : std::int64_t {
  keeper_data = ShardFile::first_own_dataset,
  stage_data,
  jaccard_data,
  position_data,
  file_data,
  file_names_data,
  file_name_offsets_data
};

RemovalReason reason_of(ShardFile& file, std::int64_t i) {
  const auto number = file.value<std::uint8_t>(stage_data, i);
  require(number <= static_cast<std::uint8_t>(RemovalReason::cut_away), Exit::data,
          "{} says that document {} went in stage {}", file.path().string(), i, number);
  return static_cast<RemovalReason>(number);
}

std::string file_name_of(ShardFile& file, std::int64_t i) {
  const auto index = file.value<std::int32_t>(file_data, i);
  const std::int64_t num_files = file.rows(file_name_offsets_data) - 1;
  require(index >= 0 && index < num_files, Exit::data,
          "{} says that document {} came from file {} of {}", file.path().string(), i, index,
          num_files);
  return file.table_string(file_names_data, index);
}

}  // namespace

RemovedShard::RemovedShard(const std::filesystem::path& folder, const FileEntry& entry)
    : DocumentShard(
          std::make_unique<ShardFile>(folder, entry, num_removed_strings,
                                      std::vector<ShardFile::Dataset>{{"keeper", "u64", 2},
                                                                      {"stage", "u8"},
                                                                      {"jaccard", "f32"},
                                                                      {"position", "i64"},
                                                                      {"file", "i32"},
                                                                      {"files", "u8"},
                                                                      {"files_offsets", "i64"}})) {
  for (const RemovedDataset dataset :
       {keeper_data, stage_data, jaccard_data, position_data, file_data}) {
    file_->require_rows(dataset);
  }
}

RemovedDocument RemovedShard::document(std::int64_t i) const {
  ShardFile& file = *file_;
  RemovedDocument document;
  document.id = file.string(ShardFile::id_string, i);
  document.url = file.string(ShardFile::url_string, i);
  document.excerpt = file.string(excerpt_string, i);
  document.detail = file.string(reason_string, i);
  document.file = file_name_of(file, i);
  document.position = file.value<std::int64_t>(position_data, i);
  document.hash = hash(i);
  document.source = source(i);
  document.reason = reason_of(file, i);
  document.keeper = file.hash(keeper_data, i);
  document.keeper_id = file.string(keeper_id_string, i);
  document.jaccard = file.value<float>(jaccard_data, i);
  return document;
}

}  // namespace switchyard::prepare
