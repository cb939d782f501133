#include "io/prepare/prepare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "io/prepare/filters/filters.h"
#include "launch/commands/command.h"
#include "launch/host/byte_size.h"
#include "launch/host/environment.h"
#include "launch/host/ranks.h"
#include "launch/run/stage_progress.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

// What a source is called that the command line names.
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
        "  switchyard prepare new.jsonl.zst --append --output data/mixed\n\n"
        "DATASET/report.html shows what was kept and why the rest was not; docs/prepare-data.md\n"
        "explains it. The same command continues after an interruption.");
  }

  int run() override {
    return run_on_ranks([&](const std::unique_ptr<Comm>& world) {
      agree(*world, [&] { complete(); });
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
                     "Files, folders and globs of .txt, .md and .jsonl, plain, .gz or .zst");
    app_->add_option("--recipe", recipe_, "A TOML file that names several sources")
        ->type_name("FILE");
    app_->add_option("--output", config_.output, "The dataset folder to make")
        ->required()
        ->type_name("DATASET");
    app_->add_flag("--append", config_.append, "Add the inputs to the dataset that is there");
    app_->add_flag("--retokenize", config_.retokenize,
                   "Only make new tokens, from the documents that are there");
    app_->add_option("--text-field", text_field_, "Field of each .jsonl line that holds the text")
        ->capture_default_str();
    app_->add_option("--licence", licence_, "Of the inputs, for the dataset card")
        ->capture_default_str();
    app_->add_option("--tokenizer", config_.tokenizer,
                     "bytes, sentencepiece:VOCABULARY or a FILE.model")
        ->capture_default_str();
    app_->add_option("--validation-fraction", config_.validation_fraction,
                     "Share of the documents kept for validation, chosen by their content")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 0.999));
  }

  void add_stages() {
    app_->add_option("--dedup", dedup_,
                     "exact, url, near (documents); lines, paragraphs, spans (text); or none")
        ->capture_default_str();
    app_->add_option("--minhash", minhash_,
                     "Bands and rows: default, fineweb, refinedweb, dclm, slimpajama or "
                     "BANDSxROWS[@JACCARD]")
        ->capture_default_str();
    app_->add_option(
            "--filter", config_.filters,
            "Quality rules: " + fmt::format("{}", fmt::join(prepare::filter_names(), ", ")))
        ->delimiter(',');
    app_->add_option("--decontaminate", config_.contamination.evaluation,
                     "Evaluation files that the text must not hold")
        ->type_name("FILE");
    using Style = prepare::ContaminationStyle;
    const std::map<std::string, Style> styles = {{"gpt3", Style::gpt3}, {"llama3", Style::llama3}};
    app_->add_option("--decontaminate-style", config_.contamination.style,
                     "gpt3: 13-grams are cut out; llama3: documents that hold an example go")
        ->type_name("STYLE")
        ->transform(CLI::CheckedTransformer(styles).description(""));
    app_->add_option("--decontaminate-share", config_.contamination.share,
                     "llama3: of an example's words")
        ->capture_default_str()
        ->check(CLI::Range(0.01, 1.0));
    app_->add_option("--memory", memory_, "That each rank may hold")->capture_default_str();
  }

  // What the options say in words, and the inputs as a recipe of one source.
  void complete() {
    prepare::parse_dedup(dedup_, config_.dedup);
    config_.dedup.minhash = prepare::parse_minhash(minhash_);
    config_.memory = parse_byte_size(memory_, "--memory");
    require(inputs_.empty() || recipe_.empty(), Exit::usage, "name inputs or a --recipe, not both");
    if (!recipe_.empty()) config_.recipe = prepare::read_recipe(recipe_);
    if (!inputs_.empty()) {
      config_.recipe.sources = {{default_source, licence_, inputs_, text_field_, 0}};
    }
  }

  void print(const prepare::Report& report) const {
    if (report.already_prepared) {
      fmt::print(stderr, "{} is this very dataset already\n", config_.output.string());
    }
    for (const auto& warning : report.contents.at("warnings")) {
      fmt::print(stderr, "warning: {}\n", warning.get<std::string>());
    }
    fmt::print("{}\n", report.contents.dump(2));
  }

  prepare::Config config_;
  std::vector<std::string> inputs_;
  std::string recipe_, text_field_ = "text", licence_ = "unknown";
  std::string dedup_ = "exact,url,near", minhash_ = "default", memory_ = "1GiB";
};

}  // namespace

std::unique_ptr<Command> make_prepare_command(CLI::App& program) {
  return std::make_unique<PrepareCommand>(program);
}

}  // namespace switchyard
