#include "io/prepare/stages/generation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/committed_folder.h"
#include "io/prepare/input/documents.h"
#include "io/prepare/input/problem_words.h"
#include "io/prepare/input/tally.h"
#include "io/prepare/stages/cut_stage.h"
#include "io/prepare/stages/group_stage.h"
#include "io/prepare/stages/index_stage.h"
#include "io/prepare/stages/keep_stage.h"
#include "io/prepare/stages/order_stage.h"
#include "io/prepare/stages/read_stage.h"
#include "io/prepare/stages/write_stage.h"
#include "io/prepare/work/free_memory.h"
#include "io/text/unicode.h"
#include "io/tokens/token_store.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string dedup_text(const DedupConfig& dedup) {
  std::string text;
  const std::pair<bool, const char*> parts[] = {
      {dedup.exact, "exact"},           {dedup.url, "url"},
      {dedup.near_duplicates, "near"},  {dedup.lines, "lines"},
      {dedup.paragraphs, "paragraphs"}, {dedup.spans, "spans"}};
  for (const auto& [on, name] : parts) {
    if (on) text += (text.empty() ? "" : ",") + std::string(name);
  }
  return text.empty() ? "none" : text;
}

// The manifest of the documents layer as it is, or that of a layer without a generation.
Manifest current_manifest(const fs::path& dataset, const json& options) {
  const fs::path folder = dataset / documents_folder;
  if (is_committed(folder)) return open_folder(folder, documents_kind, documents_version);
  Manifest manifest{documents_kind, documents_version, {}, json::object()};
  manifest.meta["recipe"] = options;
  manifest.meta["sources"] = json::array();
  manifest.meta[generations_key] = json::array();
  return manifest;
}

// The report of one generation (docs/prepare-data.md); that of the dataset is their sum.
json report_of(const Job& job, const SpilledDocuments::ReadTally& read, const json& compared,
               const json& cut, const WrittenDocuments& written) {
  Problems problems = read.problems;
  for (const fs::path& path : job.inputs.skipped) problems.add(Problem::skipped_file, path, {});
  json report = {{"compared", compared}, {"problems", problems.state()}};
  if (!cut.empty()) report["cut"] = cut;
  for (std::size_t i = 0; i < job.sources.size(); ++i) {
    json source = {{"name", job.sources[i].name},
                   {"licence", job.sources[i].licence},
                   {"generation", job.generation}};
    source["read"] = read.sources[i];
    source["written"] = written.sources[i];
    report["sources"].push_back(std::move(source));
  }
  return report;
}

FileEntry write_report(const Job& job, const json& report) {
  const std::string name = fmt::format("report-g{:03}.json", job.generation);
  const std::string text = report.dump(1) + "\n";
  durable::replace_file(job.config.output / documents_folder / name, text);
  return {name, std::ssize(text), content_hash(text), {}};
}

// A first generation without a document would be a dataset that nothing can be added to. Removes
// it and says what became of its documents.
[[noreturn]] void refuse_nothing(const Job& job, const json& report) {
  durable::try_remove_tree(job.work);
  for (const char* folder : {documents_folder, tokens_folder}) {
    durable::try_remove_tree(job.config.output / folder);
  }
  json read, removed;
  for (const json& source : report.at("sources")) {
    add_tally(read, source.at("read"));
    add_tally(removed, source.at("written").value("removed", json::object()));
  }
  std::vector<std::string> reasons =
      problems_in_words(Problems::from_state(report.at("problems")).json());
  for (const auto& [stage, count] : removed.items()) {
    if (count != 0) reasons.push_back(fmt::format("{} removed {}", stage, count.dump()));
  }
  fail(Exit::data, "no document is left to train on, of {} that came in: {}",
       read.is_object() ? read.value("in", std::int64_t{0}) : 0, fmt::join(reasons, "; "));
}

void commit(const Job& job, Manifest manifest, const json& report, const ContentHash& hash,
            const WrittenDocuments& written, const std::vector<FileEntry>& index,
            std::int64_t count) {
  json& meta = manifest.meta;
  json names = json::array();
  for (const FileEntry& file : index) names.push_back(file.name);
  for (const Source& source : job.sources) {
    meta["sources"].push_back({{"name", source.name},
                               {"licence", source.licence},
                               {"text_field", source.text_field},
                               {"generation", job.generation}});
    if (!source.prompt_field.empty()) meta["sources"].back()["prompt_field"] = source.prompt_field;
  }
  meta[generations_key].push_back({{"hash", hash.hex()},
                                   {"sources", job.sources.size()},
                                   {"kept", written.kept.count(0, count)},
                                   {"index", names}});
  for (const auto* files : {&written.files, &index}) {
    manifest.files.insert(manifest.files.end(), files->begin(), files->end());
  }
  manifest.files.push_back(write_report(job, report));
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.name < b.name; });
  recommit_folder(job.config.output / documents_folder, manifest);
}

}  // namespace

nlohmann::json options_of(const Config& config, const Contamination* contamination) {
  const MinHashConfig& minhash = config.dedup.minhash;
  json options = {
      {"dedup", dedup_text(config.dedup)},
      {"minhash", fmt::format("{}x{}@{}", minhash.bands, minhash.rows, minhash.threshold)},
      {"filters", config.filters},
      {"validation_fraction", config.validation_fraction},
      {"unicode", "utf8proc " + unicode_version()}};
  if (contamination != nullptr) options["contamination"] = contamination->hash();
  return options;
}

bool prepare_generation(const Job& job, const json& options) {
  run_read_stage(job);
  std::optional<SpilledDocuments> documents;
  std::optional<EarlierDocuments> earlier;
  SpilledDocuments::ReadTally read;
  Manifest manifest;
  agree(job.world, [&] {
    documents.emplace(job, job.config.memory / 4);
    read = documents->tally();
    manifest = current_manifest(job.config.output, options);
    const bool first = manifest.meta.at(generations_key).empty();
    if (first) {
      earlier.emplace();
    } else {
      earlier.emplace(job.config.output);
    }
  });
  const json& generations = manifest.meta.at(generations_key);
  if (!generations.empty() && generations.back().at("hash") == read.hash.hex()) return false;

  const Order order = run_order_stage(job, *documents);
  run_group_stage(job, order, *earlier);
  const Decisions decisions = run_keep_stage(job, order, *documents, *earlier);
  return_freed_memory();  // the verifier held much of it
  const json cut = run_cut_stage(job, order, *documents, decisions, *earlier);
  const WrittenDocuments written =
      run_write_stage(job, order, *documents, decisions.removed,
                      static_cast<int>(manifest.meta.at("sources").size()));
  const std::vector<FileEntry> index = run_index_stage(job, order, written.kept);
  on_root(job.world, [&] {
    const json report = report_of(job, read, decisions.tally, cut, written);
    const bool is_empty = generations.empty() && written.kept.count(0, order.count()) == 0;
    if (is_empty) refuse_nothing(job, report);
    commit(job, manifest, report, read.hash, written, index, order.count());
  });
  return true;
}

ContentHash hash_of_documents(const Job& job) {
  ContentHash sum;
  Problems ignored;
  run_tasks({"check the inputs", "parts", std::ssize(job.inputs.units),
             [](std::int64_t) { return 1; }, [](std::int64_t) { return false; },
             [&](std::int64_t i, const auto& advance) {
               const InputUnit& unit = job.inputs.units[static_cast<std::size_t>(i)];
               const Source& source = job.sources[static_cast<std::size_t>(unit.source)];
               for (const FilePart& part : unit.parts) {
                 read_documents(job.inputs.files[static_cast<std::size_t>(part.file)], part,
                                {source.text_field, source.prompt_field}, ignored,
                                [&](Document&& document) { add_to_hash(document, sum); });
               }
               advance(1);
             }},
            job);
  return {static_cast<std::uint64_t>(
              reduce_one(job.world, static_cast<std::int64_t>(sum.high), Reduce::sum)),
          static_cast<std::uint64_t>(
              reduce_one(job.world, static_cast<std::int64_t>(sum.low), Reduce::sum))};
}

}  // namespace switchyard::prepare
