// The folder of results: written, committed and read.
#include <fmt/format.h>

#include <sstream>

#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/folder/raw_file_writer.h"
#include "io/text/escape.h"
#include "launch/suites/results.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::int64_t largest_file = std::int64_t{1} << 32;
constexpr const char* form_names[] = {"share", "mean", "number"};

Json json_of(const Figure& figure) {
  Json json = {{"value", std::isfinite(figure.value) ? Json(figure.value) : Json(nullptr)},
               {"form", form_names[static_cast<std::size_t>(figure.form)]},
               {"cases", figure.cases}};
  if (figure.interval) json["interval"] = {figure.interval->low, figure.interval->high};
  if (figure.form == Form::number) return json;
  json["of"] = figure.number;
  if (!figure.weight.empty()) json["weight"] = figure.weight;
  if (!figure.label.empty()) json["where"] = {figure.label, figure.label_value};
  return json;
}

Figure figure_of(const std::string& name, const Json& json) {
  Figure figure{.name = name, .cases = json.at("cases").get<std::int64_t>()};
  const Json& value = json.at("value");
  figure.value = value.is_null() ? std::nan("") : value.get<double>();
  const auto form = json.at("form").get<std::string>();
  for (std::size_t i = 0; i < std::size(form_names); ++i) {
    if (form == form_names[i]) figure.form = static_cast<Form>(i);
  }
  if (json.contains("interval")) {
    figure.interval = {json.at("interval").at(0).get<double>(),
                       json.at("interval").at(1).get<double>()};
  }
  figure.number = json.value("of", "");
  figure.weight = json.value("weight", "");
  if (json.contains("where")) {
    figure.label = json.at("where").at(0).get<std::string>();
    figure.label_value = json.at("where").at(1).get<std::string>();
  }
  return figure;
}

std::string case_lines(const Results& results) {
  std::string lines;
  for (const TaskResult& task : results.tasks) {
    for (const Case& one : task.cases) {
      Json line = {{"task", task.name}, {"id", one.id}};
      if (!one.labels.empty()) line["labels"] = one.labels;
      line["numbers"] = one.numbers;
      lines += line.dump() + "\n";
    }
  }
  return lines;
}

FileEntry write_file(const fs::path& folder, const std::string& name, const std::string& text) {
  RawFileWriter writer(folder / name, "text", 1 << 20);
  writer.append(std::as_bytes(std::span(text)));
  return writer.finish();
}

Results results_of(const Json& json, const std::string& lines) {
  Results results{.suite = json.at("suite").get<std::string>(),
                  .suite_hash = json.at("suite_hash").get<std::string>(),
                  .model = json.at("model").get<std::string>(),
                  .tokenizer = json.at("tokenizer").get<std::string>()};
  if (!json.at("step").is_null()) results.step = json.at("step").get<std::int64_t>();
  results.gates = json.at("gates");
  for (const auto& [name, task] : json.at("tasks").items()) {
    TaskResult& result =
        results.tasks.emplace_back(TaskResult{name, task.at("kind").get<std::string>()});
    for (const auto& [figure, value] : task.at("figures").items()) {
      result.figures.push_back(figure_of(figure, value));
    }
  }
  std::istringstream in(lines);
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text);
    const auto name = line.at("task").get<std::string>();
    const auto task = std::ranges::find(results.tasks, name, &TaskResult::name);
    require(task != results.tasks.end(), Exit::data, "a case is of the unknown task {}", name);
    Case& one = task->cases.emplace_back(Case{line.at("id").get<std::string>()});
    one.numbers = line.at("numbers").get<std::map<std::string, double>>();
    if (line.contains("labels")) {
      one.labels = line.at("labels").get<std::map<std::string, std::string>>();
    }
  }
  return results;
}

}  // namespace

Json json_of(const Results& results) {
  Json tasks = Json::object();
  for (const TaskResult& task : results.tasks) {
    Json figures = Json::object();
    for (const Figure& figure : task.figures) figures[figure.name] = json_of(figure);
    tasks[task.name] = {
        {"kind", task.kind}, {"cases", task.cases.size()}, {"figures", std::move(figures)}};
  }
  return {{"suite", results.suite},         {"suite_hash", results.suite_hash},
          {"model", results.model},         {"step", results.step ? Json(*results.step) : Json()},
          {"tokenizer", results.tokenizer}, {"tasks", std::move(tasks)},
          {"gates", results.gates}};
}

std::vector<NamedFile> files_of(const Results& results, const std::string& profile) {
  return {{cases_file, case_lines(results)},
          {profile_file, profile},
          {results_file, json_of(results).dump(2) + "\n"}};
}

void write_results(const fs::path& folder, const Results& results, const std::string& profile) {
  std::error_code error;
  require(!fs::exists(folder, error), Exit::usage,
          "{} exists already: name a new folder for --output", folder.string());
  durable::make_folders(folder);
  Manifest manifest{results_kind, results_version, {}, {}};
  try {
    for (const NamedFile& file : files_of(results, profile))
      manifest.files.push_back(write_file(folder, file.name, file.bytes));
    manifest.meta = {{"suite", results.suite}, {"model", results.model}};
    durable::sync_folder(folder);
    commit_files(folder, manifest);
  } catch (...) {
    durable::try_remove_tree(folder);
    throw;
  }
}

bool is_results(const fs::path& path) {
  std::error_code error;
  return is_committed(path) && fs::is_regular_file(path / results_file, error);
}

Results read_results(const fs::path& folder) {
  const FolderKind kinds[] = {{results_kind, results_version}, {model_kind, model_version}};
  const Manifest manifest = open_folder(folder, kinds);
  for (const FileEntry& file : manifest.files) {
    if (!is_rank_file_name(file.name)) check_every_byte(folder, file);
  }
  try {
    return results_of(Json::parse(durable::read_file(folder / results_file, largest_file)),
                      durable::read_file(folder / cases_file, largest_file));
  } catch (const nlohmann::json::exception& problem) {
    fail(Exit::data, "the results in {} are not as they are written: {}", folder.string(),
         terminal_text(problem.what()));
  }
}

}  // namespace switchyard::suites
