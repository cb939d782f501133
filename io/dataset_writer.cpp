#include "io/dataset_writer.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "io/committed_folder.h"
#include "io/durable.h"
#include "io/hash.h"
#include "io/token_store.h"
#include "io/token_writer.h"
#include "runtime/comm.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

bool is_part_of_dataset(const fs::path& file) {
  const std::string name = file.filename().string();
  const bool is_shard =
      file.extension() == ".h5" && (name.starts_with("train-") || name.starts_with("validation-"));
  return is_shard || name == tokenizer_file || name == report_file ||
         name == std::string(manifest_name) + ".tmp";
}

}  // namespace

void require_replaceable(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder, error))) return;
  fs::directory_iterator entries(folder, error);
  require(!error, Exit::usage, "'{}' cannot become a dataset folder: {}", folder.string(),
          error.message());
  for (const auto& entry : entries) {
    require(is_part_of_dataset(entry.path()), Exit::usage,
            "'{}' holds '{}', which is no part of a dataset: choose another output folder",
            folder.string(), entry.path().filename().string());
  }
}

DatasetWriter::DatasetWriter(const fs::path& folder) : folder_(folder) {
  require_replaceable(folder_);
  durable::remove_tree(folder_);
  durable::make_folders(folder_);
}

DatasetWriter::~DatasetWriter() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(folder_, ignored);
}

std::int64_t DatasetWriter::add_split(const std::string& name, std::span<const Document> documents,
                                      const Tokenizer& tokenizer,
                                      const std::function<void(std::int64_t)>& done) {
  TokenWriter writer(folder_, name, tokenizer.vocabulary());
  for (const Document& document : documents) {
    writer.add_document(tokenizer.boundary(), tokenizer.encode(document.text));
    done(std::ssize(document.text));
  }
  TokenWriter::Split split = writer.finish();
  std::move(split.files.begin(), split.files.end(), std::back_inserter(files_));
  splits_[name] = std::move(split.summary);
  return splits_[name]["tokens"].get<std::int64_t>();
}

void DatasetWriter::add_file(const std::string& name, const std::string& bytes) {
  durable::NewFile file(folder_ / name);
  file.append(bytes);
  file.commit();
  files_.push_back({name, std::ssize(bytes), xxh3_hex(bytes.data(), std::ssize(bytes)), {}});
}

void DatasetWriter::commit(nlohmann::json meta) {
  meta["splits"] = splits_;
  const auto alone = make_single_comm();
  commit_folder(folder_, dataset_kind, dataset_version, files_, meta, *alone);
  committed_ = true;
}

}  // namespace switchyard
