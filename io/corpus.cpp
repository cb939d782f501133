#include "io/corpus.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "io/dedup.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

std::int64_t bytes_of(const std::vector<fs::path>& files) {
  std::int64_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

bool is_validation(const Document& document, double fraction) {
  return static_cast<double>(document.hash.low >> 11) * 0x1p-53 < fraction;
}

void split(Corpus& corpus, double validation_fraction) {
  const auto middle = std::stable_partition(
      corpus.documents.begin(), corpus.documents.end(),
      [&](const Document& document) { return !is_validation(document, validation_fraction); });
  corpus.num_train = static_cast<std::size_t>(middle - corpus.documents.begin());
  require(corpus.num_train > 0, Exit::data,
          "every document ({}) falls into the validation split: add documents, or lower the "
          "validation fraction ({})",
          corpus.documents.size(), validation_fraction);
  corpus.report["split"] = {{"validation_fraction", validation_fraction},
                            {"train", corpus.num_train},
                            {"validation", corpus.validation().size()}};
}

}  // namespace

Corpus read_corpus(const std::vector<fs::path>& inputs, const std::string& text_field,
                   double validation_fraction,
                   const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const std::vector<fs::path> files = find_documents(inputs);
  const std::int64_t total_bytes = bytes_of(files);
  Problems problems;
  ExactDedup dedup;
  std::int64_t num_found = 0, num_read = 0, text_bytes = 0;
  for (const fs::path& file : files) {
    num_found += read_documents(file, text_field, problems, [&](Document&& document) {
      ++num_read;
      text_bytes += std::ssize(document.text);
      progress(text_bytes, total_bytes);
      dedup.add(std::move(document));
    });
  }
  require(num_read > 0, Exit::data,
          "the inputs hold no usable document: {} files, {} documents, problems {}", files.size(),
          num_found, problems.json().dump());

  ExactDedup::Result unique = std::move(dedup).finish();
  Corpus corpus;
  corpus.documents = std::move(unique.kept);
  corpus.hash = unique.documents_hash;
  corpus.report = {{"documents", {{"in", num_found}, {"out", corpus.documents.size()}}},
                   {"read", {{"in", num_found}, {"out", num_read}, {"text_bytes", text_bytes}}},
                   {"exact_duplicates", std::move(unique.report)},
                   {"problems", problems.json()}};
  split(corpus, validation_fraction);
  return corpus;
}

}  // namespace switchyard
