#include "io/prepare/stages/read_stage.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "io/prepare/filters/filters.h"
#include "io/prepare/input/documents.h"
#include "io/prepare/input/tally.h"
#include "io/prepare/store/document_keys.h"
#include "io/prepare/words/shingles.h"
#include "io/prepare/work/spilled_documents.h"
#include "io/text/unicode.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

using nlohmann::json;

// The rules for each document alone.
struct Rules {
  explicit Rules(const Job& job)
      : contamination(job.contamination), hasher(job.config.dedup.minhash) {
    const Config& config = job.config;
    for (const std::string& name : config.filters) filters.push_back(make_filter(name));
    near_duplicates = config.dedup.near_duplicates;
  }

  std::vector<std::unique_ptr<Filter>> filters;
  const Contamination* contamination;
  MinHasher hasher;
  bool near_duplicates = true;
};

class UnitReader {
 public:
  UnitReader(const Job& job, const Rules& rules, std::int64_t unit)
      : job_(job),
        rules_(rules),
        unit_(unit),
        num_partitions_(job.partitions.count()),
        spill_(job.file("unit", unit), 2 * num_partitions_ + 1),
        keys_(static_cast<std::size_t>(rules.hasher.config().bands)) {}

  void read(const std::function<void(std::int64_t)>& advance) {
    const InputUnit& unit = job_.inputs.units[static_cast<std::size_t>(unit_)];
    const Source& source = job_.sources[static_cast<std::size_t>(unit.source)];
    std::int64_t num_found = 0;
    Problems problems;
    for (const FilePart& part : unit.parts) {
      const InputFile& file = job_.inputs.files[static_cast<std::size_t>(part.file)];
      std::int64_t left = part.end - part.begin;  // to report; a guess for compressed files
      const TextFields fields{source.text_field, source.prompt_field};
      num_found += read_documents(file, part, fields, problems, [&](Document&& document) {
        const std::int64_t bytes = std::min(left, std::ssize(document.text));
        advance(bytes);
        left -= bytes;
        take(std::move(document), unit.source);
      });
      require(!file.shown.empty() || stamp_of(file.path) == file.stamp, Exit::data,
              "'{}' changed while it was read: run the same command again", file.name());
      advance(left);
    }
    finish(num_found, problems, unit.source);
  }

 private:
  void take(Document&& document, int source) {
    count_up(tally_, "bytes", std::ssize(document.text));
    count_up(tally_, "read");
    add_to_hash(document, hash_);
    DocumentRecord record;
    record.at.hash = document.hash;
    record.position = document.position;
    record.file = document.file;
    record.source = source;
    record.id = std::move(document.id);
    record.url = std::move(document.url);
    record.meta = std::move(document.meta);
    filter(document.text, record);
    sign(document.text, record);
    spill(document.text, record);
  }

  void filter(std::string& text, DocumentRecord& record) {
    for (const auto& filter : rules_.filters) {
      const FilterVerdict verdict = filter->apply(text);
      json& rule = tally_["filters"][filter->name()];
      count_up(rule, "changed", verdict.changed);
      if (verdict.reason.empty() && !is_blank(text)) continue;
      const std::string reason = verdict.reason.empty() ? "nothing is left" : verdict.reason;
      return remove(record, RemovalReason::filter, std::string(filter->name()) + ": " + reason,
                    text, rule);
    }
    if (rules_.contamination == nullptr) return;
    const ContaminationVerdict verdict = rules_.contamination->apply(text);
    json& tally = tally_["contamination"];
    count_up(tally, "changed", verdict.changed);
    if (verdict.removed || is_blank(text)) {
      remove(record, RemovalReason::contamination, "holds " + verdict.example, text, tally);
    }
  }

  static void remove(DocumentRecord& record, RemovalReason reason, std::string detail,
                     const std::string& text, json& tally) {
    record.at.removed = 1;
    record.reason = reason;
    record.detail = std::move(detail);
    count_up(tally, "removed");
    add_example(tally, record.at.hash,
                {{"id", record.id}, {"reason", record.detail}, {"excerpt", excerpt_of(text)}});
  }

  void sign(const std::string& text, DocumentRecord& record) {
    record.at.text_bytes = static_cast<std::uint32_t>(text.size());
    if (record.removed()) return;
    record.at.normalized_hash = content_hash(normalized(text));
    record.at.url_key = key_of_url(record.url);
    if (!rules_.near_duplicates) return;
    words_.clear();
    shingles_.clear();
    find_words(text, words_);
    append_shingles(words_, shingles_);
    record.at.num_shingles = static_cast<std::uint32_t>(shingles_.size());
    if (shingles_.empty()) return;
    rules_.hasher.band_keys(shingles_, keys_);
    record.band_keys = keys_;
  }

  void spill(const std::string& text, DocumentRecord& record) {
    const int partition = job_.partitions.of(record.source, record.at.hash);
    record.at.unit = static_cast<std::uint32_t>(unit_);
    record.at.place = spill_.append(text_partition(partition), text);
    bytes_.clear();
    append_record(record, bytes_);
    spill_.append(record_partition(partition, num_partitions_), bytes_);
  }

  void finish(std::int64_t num_found, const Problems& problems, int source) {
    tally_["in"] = num_found;
    const json all = {{"source", source},
                      {"counts", std::move(tally_)},
                      {"problems", problems.state()},
                      {"hash", {hash_.high, hash_.low}}};
    spill_.append(tally_partition(num_partitions_), all.dump());
    spill_.finish();
  }

  const Job& job_;
  const Rules& rules_;
  std::int64_t unit_;
  int num_partitions_;
  SpillWriter spill_;
  json tally_;
  ContentHash hash_;
  std::vector<Word> words_;
  std::vector<std::uint64_t> shingles_, keys_;
  std::string bytes_;
};

}  // namespace

void run_read_stage(const Job& job) {
  std::optional<Rules> rules;
  agree(job.world, [&] { rules.emplace(job); });
  const auto bytes_of = [&](std::int64_t unit) {
    std::int64_t bytes = 0;
    for (const FilePart& part : job.inputs.units[static_cast<std::size_t>(unit)].parts) {
      bytes += part.end - part.begin;
    }
    return bytes;
  };
  run_tasks({"read", "B", std::ssize(job.inputs.units), bytes_of,
             [&](std::int64_t unit) { return std::filesystem::exists(job.file("unit", unit)); },
             [&](std::int64_t unit, const auto& advance) {
               UnitReader(job, *rules, unit).read(advance);
             }},
            job);
}

}  // namespace switchyard::prepare
