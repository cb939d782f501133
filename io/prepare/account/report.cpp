#include "io/prepare/account/report.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/prepare/account/dataset_card.h"
#include "io/prepare/account/report_html.h"
#include "io/prepare/input/problems.h"
#include "io/prepare/input/tally.h"
#include "io/prepare/store/document_store.h"
#include "io/tokens/token_store.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_report = std::int64_t{64} << 20;

std::int64_t number(const json& object, const char* key) {
  return object.is_object() ? object.value(key, std::int64_t{0}) : 0;
}

json part(const json& object, const char* key) {
  return object.is_object() && object.contains(key) ? object.at(key) : json::object();
}

// A source's line of the table: what came in, what each stage removed, what is left.
json line_of(const json& source) {
  const json read = part(source, "read"), written = part(source, "written");
  json removed = part(written, "removed");
  removed["unusable"] = number(read, "in") - number(read, "read");
  return {{"name", source.at("name")},
          {"licence", source.at("licence")},
          {"generation", source.at("generation")},
          {"in", number(read, "in")},
          {"out", number(written, "out")},
          {"bytes_in", number(read, "bytes")},
          {"bytes_out", number(written, "bytes_out")},
          {"removed", std::move(removed)}};
}

std::vector<std::string> warnings_of(const json& line) {
  std::vector<std::string> warnings;
  const std::int64_t in = number(line, "in");
  for (const auto& [stage, count] : line.at("removed").items()) {
    if (2 * count.get<std::int64_t>() <= in) continue;
    warnings.push_back(fmt::format("{} removed {} of the {} documents of source '{}'", stage,
                                   count.get<std::int64_t>(), in,
                                   line.at("name").get<std::string>()));
  }
  return warnings;
}

// All generations' reports as one.
struct Sum {
  json lines = json::array(), read, written, compared, cut;
  json warnings = json::array();
  Problems problems;

  void add(const json& report) {
    for (const json& source : report.at("sources")) {
      lines.push_back(line_of(source));
      for (const std::string& warning : warnings_of(lines.back())) warnings.push_back(warning);
      add_tally(read, part(source, "read"));
      add_tally(written, part(source, "written"));
    }
    add_tally(compared, report.at("compared"));
    add_tally(cut, part(report, "cut"));
    problems.merge(Problems::from_state(report.at("problems")));
  }
};

// The stages that remove documents, in order, each with how many came in and how many left.
json stages_of(const Sum& sum, const json& recipe) {
  const json removed = part(sum.written, "removed"), stages = part(sum.written, "stages");
  json result;
  std::int64_t left = number(sum.read, "read");
  result["read"] = {{"in", number(sum.read, "in")}, {"out", left}};
  const auto add = [&](const char* name, const char* stage, bool on) {
    if (!on) return;
    json& entry = result[name];
    entry = part(stages, stage);
    entry["in"] = left;
    left -= number(removed, stage);
    entry["out"] = left;
    entry["removed"] = number(removed, stage);
  };
  const auto dedup = "," + recipe.at("dedup").get<std::string>() + ",";
  const auto is_on = [&](const char* name) {
    return dedup.find(fmt::format(",{},", name)) != std::string::npos;
  };
  add("filters", "filter", !recipe.at("filters").empty());
  if (result.contains("filters")) result["filters"]["rules"] = part(sum.read, "filters");
  add("contamination", "contamination", recipe.contains("contamination"));
  add("exact", "exact", is_on("exact"));
  add("url", "url", is_on("url"));
  add("near_duplicates", "near_duplicate", is_on("near"));
  if (is_on("near")) {
    json& near = result["near_duplicates"];
    near["minhash"] = recipe.at("minhash");
    near["rounds"] = number(sum.compared, "rounds");
  }
  for (const char* kind : {"lines", "paragraphs", "spans"}) {
    if (is_on(kind)) result[kind] = part(sum.cut, kind);
  }
  add("cut_away", "cut_away", is_on("lines") || is_on("paragraphs") || is_on("spans"));
  return result;
}

// The id of a kept document; empty if it is not there any more.
std::string id_of(const DocumentStore& store, const std::string& hash) {
  for (const KeptShard& shard : store.kept) {
    std::int64_t begin = 0, end = shard.size();
    while (begin < end) {
      const std::int64_t middle = begin + (end - begin) / 2;
      if (shard.hash(middle).hex() < hash) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    const bool found = begin < shard.size() && shard.hash(begin).hex() == hash;
    std::string id = found ? shard.id(begin) : "";
    shard.release();
    if (found) return id;
  }
  return "";
}

void name_keepers(json& stages, const DocumentStore& store) {
  for (json& stage : stages) {
    if (!stage.contains("examples")) continue;
    for (json& example : stage.at("examples")) {
      if (!example.contains("keeper_hash")) continue;
      example["kept"] = id_of(store, example.at("keeper_hash").get<std::string>());
      example.erase("keeper_hash");
    }
  }
}

json clusters_of(const json& compared) {
  std::map<std::int64_t, std::int64_t> sizes;
  const json clusters = part(compared, "clusters");
  for (const auto& [size, count] : clusters.items()) {
    sizes[std::stoll(size)] = count.get<std::int64_t>();
  }
  json list = json::array();
  for (const auto& [size, count] : sizes) list.push_back({size, count});
  return list;
}

void add_tokens(json& report, const json& tokens) {
  report["tokenizer"] = tokens.at("tokenizer");
  report["recipe"]["tokenizer"] = tokens.at("recipe").at("tokenizer");
  for (const char* split : {"train", "validation"}) {
    report["tokens"][split] = tokens.at("splits").at(split).at("tokens");
    report["split"][split] = tokens.at("splits").at(split).at("documents");
  }
  if (const std::int64_t unknown = number(tokens, unknown_tokens_key); unknown > 0) {
    report["warnings"].push_back(
        fmt::format("the tokenizer cannot spell {} pieces of the text, which models will not see: "
                    "use one with byte pieces (byte_fallback)",
                    unknown));
  }
  const json& of_sources = tokens.at("tokens_of_sources");
  for (std::size_t i = 0; i < report["sources"].size(); ++i) {
    const bool has = i < of_sources.size() && of_sources[i].is_number();
    report["sources"][i]["tokens"] = has ? of_sources[i] : json(0);
  }
}

}  // namespace

nlohmann::json dataset_report(const fs::path& dataset) {
  const DocumentStore store(dataset);
  const Manifest& documents = store.manifest;
  const json& recipe = documents.meta.at("recipe");
  Sum sum;
  for (const FileEntry& file : documents.files) {
    if (!file.name.starts_with("report-")) continue;
    sum.add(
        json::parse(durable::read_file(dataset / documents_folder / file.name, largest_report)));
  }
  json report = {
      {"documents", {{"in", number(sum.read, "in")}, {"out", number(sum.written, "out")}}},
      {"text_bytes",
       {{"in", number(sum.read, "bytes")}, {"out", number(sum.written, "bytes_out")}}},
      {"generations", documents.meta.at("generations").size()},
      {"recipe", recipe},
      {"sources", sum.lines},
      {"stages", stages_of(sum, recipe)},
      {"clusters", clusters_of(sum.compared)},
      {"lengths", part(sum.written, "lengths")},
      {"jaccard", sum.compared.value("jaccard", json::array())},
      {"split", {{"fraction", recipe.at("validation_fraction")}}},
      {"problems", sum.problems.json()},
      {"warnings", sum.warnings}};
  name_keepers(report["stages"], store);
  const Manifest tokens = open_folder(dataset / tokens_folder, tokens_kind, tokens_version);
  add_tokens(report, tokens.meta);
  return report;
}

void write_report_files(const fs::path& dataset, const nlohmann::json& report) {
  durable::replace_file(dataset / report_file, report.dump(2) + "\n");
  durable::replace_file(dataset / "report.html", report_html(report));
  durable::replace_file(dataset / "README.md", dataset_card(report));
}

}  // namespace switchyard::prepare
