#include "io/prepare/stages/unit_stage.h"

#include <algorithm>
#include <span>
#include <utility>

#include "io/prepare/stages/cut_files.h"
#include "io/prepare/words/text_units.h"
#include "io/prepare/work/occurrences.h"

namespace switchyard::prepare {
namespace {

constexpr std::int64_t usual_unit_bytes = 32;

std::vector<CutKind> kinds_before(CutKind kind, const DedupConfig& config) {
  std::vector<CutKind> kinds = cut_kinds(config);
  kinds.erase(std::find(kinds.begin(), kinds.end(), kind), kinds.end());
  return kinds;
}

void find_occurrences(const CutWork& work, CutKind kind, const Search& search, int partition) {
  const Unit unit = kind == CutKind::lines ? Unit::line : Unit::paragraph;
  const Cuts cuts = read_cuts(work.job, kinds_before(kind, work.job.config.dedup), partition);
  OccurrenceWriter out(work.job.file(search.name, partition), search);
  work.for_each_text(partition, [&](std::uint32_t ordinal, std::string text) {
    const auto cut = cuts.find(ordinal);
    const ComparedText compared(std::move(text));
    for (const TextUnit& found :
         find_units(unit, compared, cut == cuts.end() ? std::vector<Cut>{} : cut->second)) {
      out.add({found.key, 1, ordinal, found.bytes.begin, found.bytes.end});
    }
  });
  out.finish();
}

// The index holds both halves of a key (io/prepare/stages/cut_keys.h). A document that has both has
// the line.
void find_earlier(EarlierDocuments& earlier, std::vector<Occurrence>& occurrences) {
  struct Hit {
    ContentHash key;
    std::int64_t document;
  };
  std::vector<Hit> hits;
  for (std::size_t i = 0; i < occurrences.size(); ++i) {
    const ContentHash& key = occurrences[i].key;
    if (i > 0 && key == occurrences[i - 1].key) continue;
    earlier.find(key.high, [&](std::int64_t document) { hits.push_back({key, document}); });
  }
  std::sort(hits.begin(), hits.end(),
            [](const Hit& a, const Hit& b) { return a.key.low < b.key.low; });
  for (const Hit& hit : hits) {
    earlier.find(hit.key.low, [&](std::int64_t document) {
      if (document == hit.document) occurrences.push_back({hit.key, 0});
    });
  }
}

void write_cuts(const CutWork& work, CutKind kind, const Search& search, int partition) {
  CutWriter out(work, kind, partition);
  const std::vector<Repeat> repeats = repeats_of(work.job, search, partition);
  for_each_document(repeats, [&](std::span<const Repeat> mine) {
    std::vector<Cut> cuts;
    for (const Repeat& repeat : mine) cuts.push_back({repeat.begin, repeat.end});
    out.add(mine.front().ordinal, cuts);
  });
  out.finish();
}

}  // namespace

void run_unit_stage(CutWork& work, CutKind kind) {
  const std::string name = name_of(kind);
  const Search search{name, true, key_partitions_for(work.total_bytes / usual_unit_bytes)};
  work.over_documents("find " + name, name,
                      [&](int partition) { find_occurrences(work, kind, search, partition); });
  find_repeats(work.job, work.order, search, work.files(name, work.job.partitions.count()),
               [&](int, std::vector<Occurrence>& found) { find_earlier(work.earlier, found); });
  work.over_documents("cut " + name, cuts_name(kind),
                      [&](int partition) { write_cuts(work, kind, search, partition); });
}

}  // namespace switchyard::prepare
