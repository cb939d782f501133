// Cut files: the cuts of one kind in one partition of documents, with their tally.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/stages/cut_work.h"
#include "io/prepare/work/occurrences.h"

namespace switchyard::prepare {

std::string cuts_name(CutKind kind);  // of the files

class CutWriter {
 public:
  CutWriter(const CutWork& work, CutKind kind, int partition);

  // Adds all cuts of a document, none empty. Call it for documents in ascending order.
  void add(std::uint32_t ordinal, const std::vector<Cut>& cuts);
  void finish();

 private:
  nlohmann::json tally() const;

  const CutWork& work_;
  int partition_;
  SpillWriter spill_;
  std::int64_t num_cuts_ = 0, bytes_cut_ = 0, num_documents_ = 0;
  std::vector<Repeat> examples_;
};

using Cuts = std::map<std::int64_t, std::vector<Cut>>;  // by ordinal

// The cuts of all of `kinds`: ascending, disjoint, none empty.
Cuts read_cuts(const Job& job, const std::vector<CutKind>& kinds, int partition);
nlohmann::json read_cut_tally(const Job& job, CutKind kind, int partition);

}  // namespace switchyard::prepare
