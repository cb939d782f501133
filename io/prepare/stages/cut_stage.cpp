#include "io/prepare/stages/cut_stage.h"

#include <optional>

#include "io/prepare/input/tally.h"
#include "io/prepare/stages/cut_files.h"
#include "io/prepare/stages/span_stage.h"
#include "io/prepare/stages/unit_stage.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {

nlohmann::json run_cut_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                             const Decisions& decisions, EarlierDocuments& earlier) {
  nlohmann::json tally = nlohmann::json::object();
  const std::vector<CutKind> kinds = cut_kinds(job.config.dedup);
  if (kinds.empty()) return tally;
  std::optional<CutWork> work;
  agree(job.world, [&] { work.emplace(job, order, documents, decisions.removed, earlier); });
  for (const CutKind kind : kinds) {
    if (kind == CutKind::spans) {
      run_span_stage(*work);
    } else {
      run_unit_stage(*work, kind);
    }
  }
  agree(job.world, [&] {
    for (const CutKind kind : kinds) {
      for (int partition = 0; partition < job.partitions.count(); ++partition) {
        add_tally(tally[name_of(kind)], read_cut_tally(job, kind, partition));
      }
    }
  });
  return tally;
}

std::map<std::int64_t, std::vector<Cut>> load_cuts(const Job& job, int partition) {
  return read_cuts(job, cut_kinds(job.config.dedup), partition);
}

std::string without(const std::string& text, const std::vector<Cut>& cuts) {
  std::string left;
  std::size_t begin = 0;
  for (const Cut& cut : cuts) {
    left.append(text, begin, cut.begin - begin);
    left += cut_mark;
    begin = cut.end;
  }
  return left.append(text, begin);
}

}  // namespace switchyard::prepare
