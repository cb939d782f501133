// The documents layer of a dataset: kept texts, and an account of every document that was removed
// (docs/file-formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/hash.h"
#include "io/folder/extent.h"
#include "io/folder/manifest.h"
#include "io/prepare/input/recipe.h"

namespace switchyard::prepare {

inline constexpr const char* documents_kind = "documents";
inline constexpr int documents_version = 1;
inline constexpr const char* documents_folder = "documents";  // within the dataset
inline constexpr std::int64_t documents_chunk_bytes = 1 << 20;

struct KeptDocument {
  std::string id, url, meta, text;
  ContentHash hash;                // as it was read, before anything was cut
  std::int32_t source = 0;         // index into the dataset's sources
  std::uint32_t num_shingles = 0;  // of the text as it was compared
};

enum class RemovalReason : std::uint8_t {
  filter,
  contamination,
  exact,
  url,
  near_duplicate,
  cut_away
};
const char* name_of(RemovalReason reason);

std::string excerpt_of(std::string_view text);  // its first 200 characters

struct RemovedDocument {
  std::string id, url, excerpt;  // excerpt_of(its text); the writer cuts what is longer
  std::string detail;            // which rule of a filter, which contamination; else ""
  std::string file;              // where it came from
  std::int64_t position = 0;     // byte within the file, uncompressed
  ContentHash hash;
  std::int32_t source = 0;
  RemovalReason reason = RemovalReason::exact;
  ContentHash keeper;  // the document kept instead, for exact, url and near_duplicate
  std::string keeper_id;
  float jaccard = 0.0F;  // verified, for near_duplicate; 1 for exact
};

// Writes <name>.h5, text in zstd frames of about 256 KiB. Documents keep the order in which they
// are added. The bytes are a function of the documents alone.
class KeptWriter {
 public:
  KeptWriter(const std::filesystem::path& folder, const std::string& name);
  ~KeptWriter();
  void add(const KeptDocument& document);
  FileEntry finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class RemovedWriter {
 public:
  RemovedWriter(const std::filesystem::path& folder, const std::string& name);
  ~RemovedWriter();
  void add(const RemovedDocument& document);
  FileEntry finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ShardFile;

// One file of documents, opened when it is first read; every chunk is checked when it is first
// read. Not for two threads at once.
class DocumentShard {
 public:
  ~DocumentShard();
  DocumentShard(DocumentShard&&) noexcept;
  DocumentShard& operator=(DocumentShard&&) noexcept;

  std::string name() const;  // of the file
  std::int64_t size() const;
  ContentHash hash(std::int64_t i) const;
  std::int32_t source(std::int64_t i) const;
  std::string id(std::int64_t i) const;
  void release() const;  // gives its memory and its open file back; the next read takes them again

 protected:
  explicit DocumentShard(std::unique_ptr<ShardFile> file);
  std::unique_ptr<ShardFile> file_;
};

class KeptShard : public DocumentShard {
 public:
  KeptShard(const std::filesystem::path& folder, const FileEntry& entry);

  std::uint32_t num_shingles(std::int64_t i) const;
  std::int64_t text_bytes(std::int64_t i) const;
  std::string text(std::int64_t i) const;  // keeps the last frame it decompressed
  KeptDocument document(std::int64_t i) const;
  void release() const;  // the decompressed frame as well

 private:
  // Some consecutive documents' texts, decompressed.
  struct Frame {
    std::int64_t first_document = 0, end_document = 0;
    std::int64_t begin = 0;  // where it starts in the stream of all texts
    std::string texts;
  };
  const Frame& load_frame_of(std::int64_t i) const;

  mutable Frame frame_;
};

class RemovedShard : public DocumentShard {
 public:
  RemovedShard(const std::filesystem::path& folder, const FileEntry& entry);

  RemovedDocument document(std::int64_t i) const;
};

// The whole layer of a dataset. Shards are sorted by the names of their files, which makes their
// order that of (generation, source, hash of the documents). Files with a dataset "text" hold kept
// documents, those with "stage" removed ones.
// Errors of everything here: Exit::data naming file and chunk.
struct DocumentStore {
  explicit DocumentStore(const std::filesystem::path& dataset);

  std::filesystem::path folder;  // <dataset>/documents
  Manifest manifest;
  std::vector<KeptShard> kept;
  std::vector<RemovedShard> removed;

  std::int64_t num_kept() const;
  std::int64_t num_removed() const;
  // The name, licence, text_field, prompt_field and generation of an entry of the manifest's list
  // "sources". Without an entry the name is "source 3", the licence "unknown".
  Source source(std::int32_t index) const;
};

}  // namespace switchyard::prepare
