// For tests of the documents layer: a committed dataset with the documents a test names.
#pragma once

#include <string>
#include <vector>

#include "io/folder/committed_folder.h"
#include "io/prepare/store/document_store.h"
#include "runtime/comm/comm.h"
#include "tests/io/scratch.h"

namespace switchyard::prepare {

inline KeptDocument kept_document(const std::string& id, const std::string& text) {
  KeptDocument document;
  document.id = id;
  document.text = text;
  document.hash = content_hash(text);
  return document;
}

inline RemovedDocument removed_document(const std::string& id, const std::string& text,
                                        const KeptDocument& keeper, RemovalReason reason) {
  RemovedDocument document;
  document.id = id;
  document.excerpt = text;
  document.hash = content_hash(text);
  document.reason = reason;
  document.keeper = keeper.hash;
  document.keeper_id = keeper.id;
  return document;
}

inline FileEntry write_kept(const std::filesystem::path& folder, const std::string& name,
                            const std::vector<KeptDocument>& documents) {
  KeptWriter writer(folder, name);
  for (const KeptDocument& document : documents) writer.add(document);
  return writer.finish();
}

inline FileEntry write_removed(const std::filesystem::path& folder, const std::string& name,
                               const std::vector<RemovedDocument>& documents) {
  RemovedWriter writer(folder, name);
  for (const RemovedDocument& document : documents) writer.add(document);
  return writer.finish();
}

// One shard of kept documents and one of removed ones, of the sources "web" (generation 0) and
// "books" (generation 1).
inline void write_documents_layer(const std::filesystem::path& dataset,
                                  const std::vector<KeptDocument>& kept,
                                  const std::vector<RemovedDocument>& removed) {
  const std::filesystem::path folder = dataset / documents_folder;
  std::filesystem::create_directories(folder);
  const std::vector<FileEntry> files = {write_removed(folder, "removed-00000", removed),
                                        write_kept(folder, "kept-00000", kept)};
  const nlohmann::json sources = {
      {{"name", "web"}, {"licence", "CC-BY-4.0"}, {"text_field", "body"}, {"generation", 0}},
      {{"name", "books"}, {"licence", "unknown"}, {"generation", 1}}};
  const auto alone = make_single_comm();
  commit_folder(folder, documents_kind, documents_version, files, {{"sources", sources}}, *alone);
}

}  // namespace switchyard::prepare
