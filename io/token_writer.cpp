#include "io/token_writer.h"

#include <utility>

#include "io/hdf5.h"
#include "runtime/error.h"

namespace switchyard {

TokenWriter::TokenWriter(std::filesystem::path folder, std::string split, std::int64_t vocabulary,
                         std::int64_t shard_bytes)
    : folder_(std::move(folder)),
      split_(std::move(split)),
      vocabulary_(vocabulary),
      shard_bytes_(shard_bytes),
      dtype_(vocabulary <= 65536 ? "u16" : "u32") {}

void TokenWriter::append(std::int32_t token) {
  require(token >= 0 && token < vocabulary_, "token {} of a vocabulary of {}", token, vocabulary_);
  // The low bytes come first, as Hdf5Writer wants them.
  const auto bytes = std::as_bytes(std::span(&token, 1));
  tokens_.insert(tokens_.end(), bytes.begin(), bytes.begin() + element_bytes(dtype_));
}

void TokenWriter::add_document(std::int32_t boundary, std::span<const std::int32_t> tokens) {
  const std::int64_t width = element_bytes(dtype_);
  const std::int64_t bytes = (std::ssize(tokens) + 1) * width;
  if (std::ssize(tokens_) + bytes > shard_bytes_) write_shard();
  offsets_.push_back(std::ssize(tokens_) / width);
  append(boundary);
  for (const std::int32_t token : tokens) append(token);
  num_tokens_ += std::ssize(tokens) + 1;
  ++num_documents_;
}

void TokenWriter::write_shard() {
  if (offsets_.empty()) return;
  const std::int64_t count = std::ssize(tokens_) / element_bytes(dtype_);
  offsets_.push_back(count);
  Hdf5Writer file(folder_ / fmt::format("{}-{:05}.h5", split_, files_.size()), token_chunk_bytes);
  file.write("tokens", dtype_, {count}, tokens_.data());
  file.write("document_offsets", "i64", {std::ssize(offsets_)}, offsets_.data());
  files_.push_back(file.finish());
  tokens_.clear();
  offsets_.clear();
}

TokenWriter::Split TokenWriter::finish() {
  write_shard();
  nlohmann::json shards = nlohmann::json::array();
  for (const FileEntry& file : files_) shards.push_back(file.name);
  return {{{"tokens", num_tokens_}, {"documents", num_documents_}, {"shards", std::move(shards)}},
          std::move(files_)};
}

}  // namespace switchyard
