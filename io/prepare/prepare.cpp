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
#include "io/prepare/input/file_kind.h"
#include "io/prepare/input/pipes.h"
#include "io/prepare/stages/generation.h"
#include "io/prepare/stages/token_stage.h"
#include "io/prepare/stages/tokenizer_choice.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/unfinished_work.h"
#include "io/prepare/work/free_memory.h"
#include "io/tokens/token_store.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* pipe_folder = "pipes";  // copies of inputs that can be read only once
// The tokens of a shard, 128 MiB of text, at two bytes each, and what the program takes by itself.
constexpr std::int64_t min_memory = std::int64_t{384} << 20;

// What cuts text out of documents would move the end of a prompt.
void check_prompts(const Config& config) {
  const auto with_prompt =
      std::find_if(config.recipe.sources.begin(), config.recipe.sources.end(),
                   [](const Source& source) { return !source.prompt_field.empty(); });
  if (with_prompt == config.recipe.sources.end()) return;
  const DedupConfig& dedup = config.dedup;
  const bool cuts = dedup.lines || dedup.paragraphs || dedup.spans ||
                    std::ranges::find(config.filters, "c4") != config.filters.end() ||
                    (!config.contamination.evaluation.empty() &&
                     config.contamination.style == ContaminationStyle::gpt3);
  require(!cuts, Exit::usage,
          "source {} has prompts, and --dedup lines, paragraphs or spans, --filter c4 and "
          "--decontaminate-style gpt3 cut text out of documents, so that it would be unknown where "
          "a prompt ends: leave them out, or use --decontaminate-style llama3",
          with_prompt->name);
}

void check_config(const Config& config) {
  check_prompts(config);
  require(!config.output.empty(), Exit::usage, "there is no output folder");
  require(config.retokenize || !config.recipe.sources.empty(), Exit::usage,
          "there are no inputs to prepare");
  require(config.validation_fraction >= 0.0 && config.validation_fraction <= 1.0, Exit::usage,
          "the validation fraction is {} and must be from 0 to 1", config.validation_fraction);
  require(config.memory >= min_memory, Exit::usage,
          "--memory is {} bytes and must be at least 384 MiB for each rank", config.memory);
  for (const std::string& name : config.filters) (void)make_filter(name);
  (void)choose_tokenizer(config);
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
    const bool ours = name == documents_folder || name == tokens_folder || name == work_folder ||
                      name == pipe_folder;
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
    const bool compressed = compression_of(file.path) != Compression::none;
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
      if (lock_) durable::try_remove_tree(config_.output / pipe_folder);
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

  // Collective. Rank 0 alone has standard input.
  PipeCopies copy_pipes(const std::vector<Source>& sources) {
    PipeCopies copies;
    const fs::path folder = config_.output / pipe_folder;
    on_root(world_, [&] {
      durable::remove_tree(folder);  // an earlier attempt's: what comes now may be something else
      if (!PipeCopies::needed_for(sources)) return;
      durable::make_folders(folder);
      copies = PipeCopies::make(sources, folder, [&](std::int64_t bytes) {
        progress_({"read the pipe", "B", bytes, 0});
      });
    });
    return PipeCopies::from_text(broadcast_text(world_, copies.text(), 0));
  }

  bool run_generation(int generation, std::vector<Source> sources) {
    const PipeCopies pipes = copy_pipes(sources);
    pipes.replace_inputs(sources);
    std::optional<Inputs> inputs;
    agree(world_, [&] {
      inputs = find_inputs(sources, config_.unit_bytes);
      pipes.name_files(*inputs);
    });
    const bool exists = generation < static_cast<int>(generations_.size());
    on_root(world_, [&] {
      if (!exists) begin_work(config_.output, options_, generation, *inputs, progress_);
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
      durable::remove_tree(config_.output / pipe_folder);
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
