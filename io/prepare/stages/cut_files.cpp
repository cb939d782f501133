#include "io/prepare/stages/cut_files.h"

#include <cstring>
#include <utility>

#include "io/prepare/input/tally.h"

namespace switchyard::prepare {

std::string cuts_name(CutKind kind) { return std::string(name_of(kind)) + "-cuts"; }

CutWriter::CutWriter(const CutWork& work, CutKind kind, int partition)
    : work_(work), partition_(partition), spill_(work.job.file(cuts_name(kind), partition), 2) {}

void CutWriter::add(std::uint32_t ordinal, const std::vector<Cut>& cuts) {
  for (const Cut& cut : cuts) {
    const Repeat repeat{ordinal, cut.begin, cut.end};
    spill_.append(0, {reinterpret_cast<const char*>(&repeat), sizeof repeat});
    bytes_cut_ += cut.end - cut.begin;
  }
  num_cuts_ += std::ssize(cuts);
  ++num_documents_;
  if (examples_.size() < num_examples) {
    examples_.push_back({ordinal, cuts.front().begin, cuts.front().end});
  }
}

void CutWriter::finish() {
  spill_.append(1, tally().dump());
  spill_.finish();
}

// Examples are the documents with the smallest hashes, which come first in a partition.
nlohmann::json CutWriter::tally() const {
  nlohmann::json tally = {
      {"cut", num_cuts_}, {"bytes_cut", bytes_cut_}, {"documents", num_documents_}};
  if (examples_.empty()) return tally;
  const std::vector<DocumentRecord> records = work_.documents.records(partition_);
  for (const Repeat& example : examples_) {
    const DocumentRecord& record = records.at(example.ordinal - work_.order.first[partition_]);
    const std::string_view text =
        work_.documents.text(record.at).substr(example.begin, example.end - example.begin);
    add_example(tally, record.at.hash, {{"id", record.id}, {"excerpt", excerpt_of(text)}});
  }
  return tally;
}

Cuts read_cuts(const Job& job, const std::vector<CutKind>& kinds, int partition) {
  Cuts cuts;
  for (const CutKind kind : kinds) {
    const std::string bytes = SpillReader(job.file(cuts_name(kind), partition)).read_partition(0);
    std::vector<Repeat> repeats(bytes.size() / sizeof(Repeat));
    std::memcpy(repeats.data(), bytes.data(), repeats.size() * sizeof(Repeat));
    for (const Repeat& repeat : repeats) cuts[repeat.ordinal].push_back({repeat.begin, repeat.end});
  }
  for (auto& [ordinal, list] : cuts) list = united(std::move(list));
  return cuts;
}

nlohmann::json read_cut_tally(const Job& job, CutKind kind, int partition) {
  return nlohmann::json::parse(SpillReader(job.file(cuts_name(kind), partition)).read_partition(1));
}

}  // namespace switchyard::prepare
