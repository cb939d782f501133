#include "io/prepare/prepare.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/folder/committed_folder.h"
#include "io/prepare/account/report.h"
#include "io/prepare/filters/filters.h"
#include "io/prepare/stages/generation.h"
#include "io/prepare/stages/token_stage.h"
#include "io/prepare/stages/tokenizer_choice.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/work/free_memory.h"
#include "io/tokens/token_store.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* work_folder = "work";
constexpr const char* work_file = "work.json";
// The tokens of a shard, 128 MiB of text, at two bytes each, and what the program takes by itself.
constexpr std::int64_t min_memory = std::int64_t{384} << 20;

void check_config(const Config& config) {
  require(!config.output.empty(), Exit::usage, "there is no output folder");
  require(config.retokenize || !config.recipe.sources.empty(), Exit::usage,
          "there are no inputs to prepare");
  require(config.validation_fraction >= 0.0 && config.validation_fraction < 1.0, Exit::usage,
          "the validation fraction is {} and must be at least 0 and below 1",
          config.validation_fraction);
  require(config.memory >= min_memory, Exit::usage,
          "--memory is {} bytes and must be at least 384 MiB for each rank", config.memory);
  for (const std::string& name : config.filters) (void)make_filter(name);
  (void)choose_tokenizer(config.tokenizer);
}

// The generations of a finished documents layer; none if there is no layer. Errors: Exit::usage if
// the folder is something else.
json generations_in(const fs::path& output) {
  if (is_committed(output / documents_folder)) {
    return open_folder(output / documents_folder, documents_kind, documents_version)
        .meta.at(generations_key);
  }
  std::error_code error;
  if (!fs::exists(fs::symlink_status(output, error))) return json::array();
  fs::directory_iterator entries(output, error);
  require(!error, Exit::usage, "'{}' cannot become a dataset folder: {}", output.string(),
          error.message());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    const bool ours = name == documents_folder || name == tokens_folder || name == work_folder;
    require(ours, Exit::usage,
            "'{}' holds '{}', which is no part of a dataset: choose another output folder",
            output.string(), name);
  }
  return json::array();
}

// Those of the path and its parents that do not exist, deepest first.
std::vector<fs::path> missing_folders(fs::path folder) {
  std::vector<fs::path> missing;
  for (std::error_code error; !folder.empty() && !fs::exists(folder, error) && !error;
       folder = folder.parent_path()) {
    missing.push_back(folder);
  }
  return missing;
}

void require_same_options(const fs::path& output, const json& options) {
  if (!is_committed(output / documents_folder)) return;
  const Manifest manifest =
      open_folder(output / documents_folder, documents_kind, documents_version);
  const json& recipe = manifest.meta.at("recipe");
  for (const auto& [key, value] : options.items()) {
    const json other = recipe.value(key, json());
    require(other == value, Exit::usage,
            "'{}' holds a dataset prepared with {} {}, not {}: give the same options, or choose "
            "another output folder",
            output.string(), key, other.dump(), value.dump());
  }
}

// The sources of each generation.
std::map<int, std::vector<Source>> sources_by_generation(const Config& config, int first) {
  std::map<int, std::vector<Source>> result;
  for (Source source : config.recipe.sources) {
    source.generation += first;
    result[source.generation].push_back(std::move(source));
  }
  return result;
}

// Estimates how many bytes of text the files of each source hold.
std::vector<std::int64_t> text_in(const Inputs& inputs, std::size_t num_sources) {
  constexpr std::int64_t usual_compression = 8;
  std::vector<std::int64_t> bytes(num_sources, 0);
  for (const InputFile& file : inputs.files) {
    const fs::path extension = file.path.extension();
    const bool compressed = extension == ".gz" || extension == ".zst";
    bytes[static_cast<std::size_t>(file.source)] +=
        file.bytes * (compressed ? usual_compression : 1);
  }
  return bytes;
}

class Preparation {
 public:
  Preparation(const Config& config, Comm& world, Progress progress)
      : config_(config), world_(world), progress_(std::move(progress)) {}

  Report run() {
    try {
      return prepare_output();
    } catch (const std::exception&) {
      for (const fs::path& folder : made_) {
        std::error_code not_empty;
        fs::remove(folder, not_empty);
      }
      throw;
    }
  }

 private:
  Report prepare_output() {
    on_root(world_, [&] {
      check_config(config_);
      (void)generations_in(config_.output);
      made_ = missing_folders(config_.output);
      durable::make_folders(config_.output);
      lock_.emplace(config_.output);
    });
    int num_generations = 0;
    agree(world_, [&] {
      if (!config_.contamination.evaluation.empty()) {
        contamination_ = std::make_unique<Contamination>(config_.contamination);
      }
      options_ = options_of(config_, contamination_.get());
      generations_ = generations_in(config_.output);
      num_generations = static_cast<int>(generations_.size());
      require_appendable(num_generations);
      if (!config_.retokenize) require_same_options(config_.output, options_);
    });
    bool changed = false;
    const int first = config_.append ? num_generations : 0;
    for (auto& [generation, sources] : sources_by_generation(config_, first)) {
      changed = run_generation(generation, std::move(sources)) || changed;
    }
    return finish(changed);
  }

  void require_appendable(int num_generations) const {
    require(num_generations > 0 || !(config_.append || config_.retokenize), Exit::usage,
            "'{}' holds no documents yet: prepare it without --append or --retokenize first",
            config_.output.string());
  }

  bool run_generation(int generation, std::vector<Source> sources) {
    std::optional<Inputs> inputs;
    agree(world_, [&] { inputs = find_inputs(sources, config_.unit_bytes); });
    const bool exists = generation < static_cast<int>(generations_.size());
    on_root(world_, [&] {
      if (!exists) begin_work(generation, *inputs);
      durable::make_folders(config_.output / work_folder);
    });
    std::optional<Job> job;
    agree(world_, [&] { job.emplace(make_job(generation, std::move(sources), *inputs)); });
    if (exists) {
      check_generation(*job);
      return false;
    }
    const bool added = prepare_generation(*job, options_);
    job.reset();
    return_freed_memory();  // the caches: the next stage holds a shard instead
    on_root(world_, [&] { durable::remove_tree(config_.output / work_folder); });
    return added;
  }

  Job make_job(int generation, std::vector<Source> sources, Inputs inputs) {
    Partitions partitions(text_in(inputs, sources.size()));
    return {make_run(config_, world_, progress_, config_.output / work_folder),
            generation,
            std::move(sources),
            std::move(inputs),
            std::move(partitions),
            contamination_.get()};
  }

  // True if the work folder belongs to this very generation, false if an earlier one left it
  // behind. Refuses any other work folder.
  bool continues(const fs::path& file, const json& identity) const {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return false;
    const std::string text = durable::read_file(file, std::int64_t{1} << 30);
    if (text == canonical_text(identity)) return true;
    const json found = json::parse(text, nullptr, /*allow_exceptions=*/false);
    require(found.is_object() && found.value("generation", -1) < identity.at("generation"),
            Exit::usage,
            "'{}' holds unfinished work on other inputs or with other options: run that command "
            "again to finish it, or remove '{}'",
            config_.output.string(), file.parent_path().string());
    return false;
  }

  void begin_work(int generation, const Inputs& inputs) const {
    const fs::path work = config_.output / work_folder;
    json files = json::array();
    for (const InputFile& file : inputs.files) {
      files.push_back({file.path.string(), file.bytes});
    }
    const json identity = {{"options", options_}, {"generation", generation}, {"files", files}};
    if (continues(work / work_file, identity)) return;
    durable::remove_tree(work);
    for (const char* folder : {work_folder, documents_folder, tokens_folder}) {
      durable::make_folders(config_.output / folder);
    }
    durable::replace_file(work / work_file, canonical_text(identity));
  }

  void check_generation(const Job& job) const {
    const std::string hash = hash_of_documents(job).hex();
    agree(world_, [&] {
      const json& recorded = generations_[static_cast<std::size_t>(job.generation)].at("hash");
      require(recorded == hash, Exit::usage,
              "'{}' holds another dataset already: the documents of its generation {} differ from "
              "these inputs; choose another output folder, or add to it with --append",
              config_.output.string(), job.generation);
    });
  }

  Report finish(bool changed) {
    on_root(world_, [&] { durable::make_folders(config_.output / work_folder); });
    {
      std::optional<Run> run;
      agree(world_, [&] {
        run.emplace(make_run(config_, world_, progress_, config_.output / work_folder));
      });
      changed = run_token_stage(*run) || changed;
    }
    Report report{!changed, {}};
    agree(world_, [&] { report.contents = dataset_report(config_.output); });
    on_root(world_, [&] {
      write_report_files(config_.output, report.contents);
      durable::remove_tree(config_.output / work_folder);
    });
    return report;
  }

  const Config& config_;
  Comm& world_;
  Progress progress_;
  std::optional<FolderLock> lock_;  // rank 0 holds it
  std::vector<fs::path> made_;      // by this run, deepest first; an error removes the empty ones
  std::unique_ptr<Contamination> contamination_;
  json options_, generations_;
};

}  // namespace

Report prepare_dataset(const Config& config, Comm& world, const Progress& progress) {
  return Preparation(
             config, world, progress ? progress : [](const auto&) {})
      .run();
}

}  // namespace switchyard::prepare
