#include "io/prepare/store/document_store.h"
#include "io/prepare/store/shard_file.h"

namespace switchyard::prepare {

DocumentShard::DocumentShard(std::unique_ptr<ShardFile> file) : file_(std::move(file)) {}
DocumentShard::~DocumentShard() = default;
DocumentShard::DocumentShard(DocumentShard&&) noexcept = default;
DocumentShard& DocumentShard::operator=(DocumentShard&&) noexcept = default;

std::string DocumentShard::name() const { return file_->path().filename().string(); }
std::int64_t DocumentShard::size() const { return file_->size(); }
ContentHash DocumentShard::hash(std::int64_t i) const { return file_->hash(ShardFile::hashes, i); }
std::string DocumentShard::id(std::int64_t i) const {
  return file_->string(ShardFile::id_string, i);
}

std::int32_t DocumentShard::source(std::int64_t i) const {
  return file_->value<std::uint16_t>(ShardFile::sources, i);
}

void DocumentShard::release() const { file_->release(); }

}  // namespace switchyard::prepare
