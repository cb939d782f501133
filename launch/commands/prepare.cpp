#include "io/prepare.h"

#include <fmt/format.h>

#include <chrono>

#include "launch/commands/command.h"
#include "launch/environment.h"
#include "launch/ranks.h"
#include "runtime/agree.h"

namespace switchyard {
namespace {

// On a terminal a line that redraws itself, otherwise a line per stage and every ten seconds.
class StageProgress {
 public:
  void report(const std::string& stage, std::int64_t done, std::int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    const auto interval = std::chrono::milliseconds(terminal_ ? 200 : 10'000);
    if (stage == stage_ && now - last_ < interval) return;
    if (terminal_ && !stage_.empty() && stage != stage_) fmt::print(stderr, "\n");
    stage_ = stage;
    last_ = now;
    const std::string of_total = total > 0 ? fmt::format(" of {}", total) : "";
    fmt::print(stderr, "{}{} {}{}{}", terminal_ ? "\r" : "", stage, done, of_total,
               terminal_ ? "\x1b[K" : "\n");
  }

  ~StageProgress() {
    if (terminal_ && !stage_.empty()) fmt::print(stderr, "\n");
  }

 private:
  bool terminal_ = stderr_is_terminal();
  std::string stage_;
  std::chrono::steady_clock::time_point last_{};
};

class PrepareCommand : public Command {
 public:
  explicit PrepareCommand(CLI::App& program) {
    app_ = program.add_subcommand("prepare", "Turn text into a dataset of tokens");
    app_->add_option("INPUT", config_.inputs, "Files and folders of .txt, .md and .jsonl")
        ->required();
    app_->add_option("--output", config_.output, "The dataset folder to make")
        ->required()
        ->type_name("DATASET");
    app_->add_option("--tokenizer", config_.tokenizer,
                     "bytes, sentencepiece:VOCABULARY or a FILE.model")
        ->capture_default_str();
    app_->add_option("--validation-fraction", config_.validation_fraction,
                     "Share of the documents kept for validation, chosen by their content")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 0.999));
    app_->add_option("--text-field", config_.text_field,
                     "Field of each .jsonl line that holds the text")
        ->capture_default_str();
    app_->footer(
        "  switchyard prepare corpus/ --output data/corpus --tokenizer sentencepiece:4096\n"
        "  switchyard prepare a.jsonl b.txt --output data/mixed          # one token per byte\n\n"
        "Exact duplicates are removed. DATASET/report.json says what was kept; "
        "docs/prepare-data.md\n"
        "explains it.");
  }

  int run() override {
    return run_on_ranks([&](const std::unique_ptr<Comm>& world) {
      on_root(*world, [&] { prepare_and_report(); });
      return Exit::done;
    });
  }

 private:
  void prepare_and_report() const {
    PrepareReport report;
    {
      StageProgress progress;
      report = prepare(config_, [&](const std::string& stage, std::int64_t done,
                                    std::int64_t total) { progress.report(stage, done, total); });
    }
    if (report.already_prepared)
      fmt::print(stderr, "{} is this very dataset already\n", config_.output.string());
    fmt::print("{}\n", report.contents.dump(2));
  }

  PrepareConfig config_;
};

}  // namespace

std::unique_ptr<Command> make_prepare_command(CLI::App& program) {
  return std::make_unique<PrepareCommand>(program);
}

}  // namespace switchyard
