#include "io/prepare/account/removed_list.h"

#include <fmt/format.h>

#include "io/text/escape.h"

namespace switchyard::prepare {
namespace {

std::string reason_text(const RemovedDocument& document) {
  if (document.keeper == ContentHash()) return document.detail;
  const std::string& id = document.keeper_id;
  std::string text = "kept instead: " + (id.empty() ? document.keeper.hex() : id);
  if (document.reason == RemovalReason::near_duplicate) {
    text += fmt::format(", Jaccard {:.3f}", document.jaccard);
  }
  return text;
}

std::string line_of(const RemovedDocument& document) {
  const std::string reason = reason_text(document);
  return fmt::format("{:<14}  {}  {}, byte {}{}\n", name_of(document.reason),
                     terminal_text(document.id), terminal_text(document.file), document.position,
                     reason.empty() ? "" : "  " + terminal_text(reason));
}

}  // namespace

std::map<std::string, std::int64_t> list_removed(
    const DocumentStore& store, const std::string& stage,
    const std::function<void(std::string_view)>& each) {
  std::map<std::string, std::int64_t> counts;
  for (const RemovedShard& shard : store.removed) {
    for (std::int64_t i = 0; i < shard.size(); ++i) {
      const RemovedDocument document = shard.document(i);
      const std::string name = name_of(document.reason);
      if (!stage.empty() && name != stage) continue;
      ++counts[name];
      each(line_of(document));
    }
    shard.release();
  }
  return counts;
}

}  // namespace switchyard::prepare
