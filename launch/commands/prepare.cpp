#include "io/prepare/prepare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "io/folder/committed_folder.h"
#include "io/prepare/account/summary.h"
#include "io/prepare/filters/filters.h"
#include "io/prepare/input/problem_words.h"
#include "io/text/byte_size.h"
#include "io/tokens/token_store.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/host/terminal.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/stage_progress.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

// The name of a source that comes from the command line.
constexpr const char* default_source = "input";

class PrepareCommand : public Command {
 public:
  explicit PrepareCommand(CLI::App& program) {
    app_ = program.add_subcommand("prepare", "Turn text into a deduplicated dataset of tokens");
    add_inputs();
    add_stages();
    app_->footer(
        "  switchyard prepare corpus/ --output data/corpus --tokenizer sentencepiece:4096\n"
        "  mpirun -n 8 switchyard prepare --recipe recipe.toml --output data/mixed\n"
        "  switchyard prepare new.jsonl.zst --append --output data/mixed\n"
        "  zcat dump.jsonl.gz | switchyard prepare - --output data/dump\n"
        "  switchyard prepare test.jsonl --output data/test --validation-fraction 1 \\\n"
        "    --tokenizer runs/quickstart\n\n"
        "DATASET/report.html shows what was kept and why the rest was not; docs/prepare-data.md\n"
        "explains it. After an interruption, run the same command again to continue.");
  }

  int run() override {
    return run_on_ranks([&](const std::unique_ptr<Comm>& world) {
      agree(*world, [&] { complete(); });
      find_tokenizer(*world);
      StageProgress progress(stderr_is_terminal());
      const prepare::Report report = prepare::prepare_dataset(
          config_, *world, [&](const prepare::Status& status) { progress.report(status); });
      progress.end();
      if (world->rank() == 0) print(report);
      return Exit::done;
    });
  }

 private:
  void add_inputs() {
    app_->add_option("INPUT", inputs_,
                     "Files, folders and globs: .txt, .md, .jsonl, .ndjson and .json, also as .gz "
                     "or .zst; - and pipes for JSON lines");
    app_->add_option("--recipe", recipe_, "A TOML file that names several sources")
        ->type_name("FILE");
    app_->add_option("--output", config_.output, "The dataset folder to create")
        ->required()
        ->type_name("DATASET");
    app_->add_flag("--append", config_.append, "Add the inputs to an existing dataset");
    app_->add_flag("--retokenize", config_.retokenize,
                   "Only tokenize the documents of an existing dataset again");
    app_->add_option("--text-field", text_field_,
                     "The field of each .jsonl line that holds the text")
        ->capture_default_str();
    app_->add_option("--prompt-field", prompt_field_,
                     "The field of each .jsonl line that goes before the text and that the text "
                     "answers, for data.loss_on = \"response\"")
        ->type_name("FIELD");
    app_->add_option("--licence", licence_, "The licence of the inputs, for the dataset card")
        ->capture_default_str();
    app_->add_option("--tokenizer", config_.tokenizer,
                     "bytes, sentencepiece:VOCABULARY, a .model file, a tokenizer.json or a folder "
                     "with one, or a run, checkpoint or dataset for its tokenizer")
        ->capture_default_str();
    app_->add_option("--boundary", config_.boundary,
                     "For a tokenizer.json: the token that starts each document, if not the bos "
                     "token, or else the eos token, that the file's folder names")
        ->type_name("TOKEN");
    const std::map<std::string, bool> special_tokens = {{"text", false}, {"parse", true}};
    app_->add_option("--special-tokens", config_.parses_special_tokens,
                     "For a tokenizer.json: whether a special token's name in a document is text "
                     "like any other (the default), or becomes the token")
        ->type_name("text|parse")
        ->transform(CLI::CheckedTransformer(special_tokens).description(""));
    app_->add_option("--validation-fraction", config_.validation_fraction,
                     "The share of documents that are kept for validation, chosen by their "
                     "content; 1 makes a test set")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1.0));
    app_->add_flag("--json", json_, "Print the report as JSON instead of a summary");
  }

  void add_stages() {
    app_->add_option("--dedup", dedup_,
                     "Duplicates to remove: exact, url, near (documents); lines, paragraphs, spans "
                     "(text); or none")
        ->capture_default_str();
    app_->add_option("--minhash", minhash_,
                     "Bands and rows for near-duplicates: default, fineweb, refinedweb, dclm, "
                     "slimpajama or BANDSxROWS[@JACCARD]")
        ->capture_default_str();
    app_->add_option("--filter", config_.filters,
                     "Published quality rules to apply: " +
                         fmt::format("{}", fmt::join(prepare::filter_names(), ", ")))
        ->delimiter(',');
    app_->add_option("--decontaminate", config_.contamination.evaluation,
                     "Evaluation files whose text must not be in the dataset")
        ->type_name("FILE");
    using Style = prepare::ContaminationStyle;
    const std::map<std::string, Style> styles = {{"gpt3", Style::gpt3}, {"llama3", Style::llama3}};
    app_->add_option("--decontaminate-style", config_.contamination.style,
                     "gpt3 cuts out shared 13-grams; llama3 removes documents that hold an example")
        ->type_name("STYLE")
        ->transform(CLI::CheckedTransformer(styles).description(""));
    app_->add_option("--decontaminate-share", config_.contamination.share,
                     "For llama3: the share of an example's words that a document must hold")
        ->capture_default_str()
        ->check(CLI::Range(0.01, 1.0));
    app_->add_option("--memory", memory_, "Memory that each rank may use for caches and buffers")
        ->capture_default_str();
  }

  // Parses the options that are words, and makes a recipe of one source from the inputs.
  void complete() {
    prepare::parse_dedup(dedup_, config_.dedup);
    config_.dedup.minhash = prepare::parse_minhash(minhash_);
    config_.memory = parse_byte_size(memory_, "--memory");
    require(inputs_.empty() || recipe_.empty(), Exit::usage, "name inputs or a --recipe, not both");
    if (!recipe_.empty()) config_.recipe = prepare::read_recipe(recipe_);
    if (!inputs_.empty()) {
      config_.recipe.sources = {{default_source, licence_, inputs_, text_field_, 0, prompt_field_}};
    }
  }

  // Collective. The tokenizer of a run, checkpoint, dataset or folder of Hugging Face's, if
  // --tokenizer names one.
  void find_tokenizer(Comm& world) {
    on_root(world, [&] {
      const std::filesystem::path folder = config_.tokenizer;
      std::error_code ignored;
      const bool has_a_name =
          config_.tokenizer == "bytes" || config_.tokenizer.starts_with("sentencepiece:");
      if (has_a_name || !std::filesystem::is_directory(folder, ignored)) return;
      if (std::filesystem::is_regular_file(folder / "tokenizer.json", ignored)) {
        config_.tokenizer = (folder / "tokenizer.json").string();
        return;
      }
      const auto tokenizer = is_committed(folder / tokens_folder)
                                 ? TokenStore(folder).tokenizer()
                                 : tokenizer_of(CheckpointReader(resolve_checkpoint(folder)));
      if (tokenizer->kind() == "bytes") config_.tokenizer = tokenizer->kind();
      config_.tokenizer_model = tokenizer->serialized();
    });
    config_.tokenizer = broadcast_text(world, config_.tokenizer, 0);
    config_.tokenizer_model = broadcast_text(world, config_.tokenizer_model, 0);
  }

  void print(const prepare::Report& report) const {
    if (report.already_prepared) {
      fmt::print(stderr, "{} is already up to date\n", config_.output.string());
    }
    for (const auto& warning : report.contents.at("warnings")) {
      fmt::print(stderr, "warning: {}\n", warning.get<std::string>());
    }
    for (const std::string& sentence : prepare::problems_in_words(report.contents.at("problems"))) {
      fmt::print(stderr, "warning: {}\n", sentence);
    }
    if (json_) {
      fmt::print("{}\n", report.contents.dump(2));
    } else {
      fmt::print("{}", prepare::summary_of(report.contents, config_.output));
    }
  }

  prepare::Config config_;
  bool json_ = false;
  std::vector<std::string> inputs_;
  std::string recipe_, text_field_ = "text", prompt_field_, licence_ = "unknown";
  std::string dedup_ = "exact,url,near", minhash_ = "default", memory_ = "1GiB";
};

}  // namespace

std::unique_ptr<Command> make_prepare_command(CLI::App& program) {
  return std::make_unique<PrepareCommand>(program);
}

}  // namespace switchyard
