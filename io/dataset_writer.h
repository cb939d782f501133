// DatasetWriter: a dataset folder in the making, which is committed whole or leaves nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/documents.h"
#include "io/extent.h"
#include "io/tokenizer.h"

namespace switchyard {

// Errors: Exit::usage if the folder exists and holds what no interrupted call can have left there.
void require_replaceable(const std::filesystem::path& folder);

class DatasetWriter {
 public:
  // Takes away what an interrupted call left there. Errors: as require_replaceable.
  explicit DatasetWriter(const std::filesystem::path& folder);
  ~DatasetWriter();  // removes the folder unless it was committed
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  // Tokenizes the documents in the order given; calls done(bytes of text) after each. Returns the
  // number of tokens.
  std::int64_t add_split(const std::string& name, std::span<const Document> documents,
                         const Tokenizer& tokenizer, const std::function<void(std::int64_t)>& done);
  void add_file(const std::string& name, const std::string& bytes);
  void commit(nlohmann::json meta);  // adds "splits"

 private:
  std::filesystem::path folder_;
  nlohmann::json splits_ = nlohmann::json::object();
  std::vector<FileEntry> files_;
  bool committed_ = false;
};

}  // namespace switchyard
