// CutWork: what the searches of the cut stage share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/prepare/stages/keep_stage.h"
#include "io/prepare/store/earlier_documents.h"
#include "io/prepare/words/cut.h"

namespace switchyard::prepare {

// In the order in which they are searched. No later search can make an earlier one find more: what
// it cuts are whole lines or paragraphs, and a span does not reach over a cut. The other way round,
// a span cut out of a line would leave two lines that may occur elsewhere.
enum class CutKind { spans, lines, paragraphs };
const char* name_of(CutKind kind);
std::vector<CutKind> cut_kinds(const DedupConfig& config);  // those that are on

struct CutWork {
  CutWork(const Job& job, const Order& order, SpilledDocuments& documents, const Bitmap& removed,
          EarlierDocuments& earlier);

  const Job& job;
  const Order& order;
  SpilledDocuments& documents;
  const Bitmap& removed;
  EarlierDocuments& earlier;
  std::vector<std::int64_t> text_bytes;  // of each partition of documents
  std::int64_t total_bytes = 0;

  // Collective. Tasks over the partitions of documents, each of which makes <files> of its number.
  void over_documents(const std::string& stage, const std::string& files,
                      const std::function<void(int partition)>& run) const;

  // Calls each(ordinal, text) for the documents of a partition that stay, in canonical order.
  void for_each_text(int partition,
                     const std::function<void(std::uint32_t, std::string)>& each) const;

  std::vector<Locator> locators(int partition) const;  // by ordinal
  std::vector<std::filesystem::path> files(const std::string& name, int count) const;
};

}  // namespace switchyard::prepare
