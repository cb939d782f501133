#include "io/prepare/account/explain.h"

#include <fmt/format.h>

#include <cstdio>

#include "io/prepare/account/removed_list.h"
#include "launch/commands/command.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class ExplainCommand : public Command {
 public:
  explicit ExplainCommand(CLI::App& program) {
    app_ = program.add_subcommand("explain", "Show what happened to a document, and why");
    app_->add_option("DATASET", dataset_, "A dataset that `switchyard prepare` made")->required();
    CLI::Option* document = app_->add_option("DOCUMENT", document_,
                                             "Its id, at least 4 digits of the hash of its "
                                             "content, or the input that holds it: FILE, or "
                                             "FILE:LINE for JSON lines");
    app_->add_flag("--removed", removed_, "List the documents that were removed, with the reasons")
        ->excludes(document);
    app_->add_option("--stage", stage_, "List only what this stage removed")
        ->check(CLI::IsMember(
            {"filter", "contamination", "exact", "url", "near_duplicate", "cut_away"}))
        ->needs("--removed");
    app_->footer(
        "  switchyard explain data/corpus page-1730\n"
        "  switchyard explain data/corpus 5f0c31ab\n"
        "  switchyard explain data/corpus corpus/notes.md\n"
        "  switchyard explain data/corpus --removed --stage near_duplicate\n\n"
        "For a document that was removed it shows the stage and the reason, where the document "
        "came\n"
        "from, the document that was kept instead, how similar they are, and the text they share.\n"
        "`export --removed` writes the list as JSON lines.");
  }

  int run() override {
    const prepare::DocumentStore store(dataset_);
    if (removed_) return list(store);
    require(!document_.empty(), Exit::usage,
            "name a DOCUMENT of {}, or list the removed ones with --removed", dataset_);
    fmt::print("{}", prepare::explanation_text(store, prepare::explain(store, document_)));
    return 0;
  }

 private:
  int list(const prepare::DocumentStore& store) const {
    const auto counts =
        prepare::list_removed(store, stage_, [](std::string_view line) { fmt::print("{}", line); });
    std::int64_t all = 0;
    std::string by_stage;
    for (const auto& [stage, count] : counts) {
      all += count;
      by_stage += fmt::format("{}{} {}", by_stage.empty() ? ": " : ", ", count, stage);
    }
    std::fflush(stdout);  // on a terminal the list comes before the count
    fmt::print(stderr, "{} removed{}; what could not be read is in {}/report.json under problems\n",
               all, by_stage, dataset_);
    return 0;
  }

  std::string dataset_, document_, stage_;
  bool removed_ = false;
};

}  // namespace

std::unique_ptr<Command> make_explain_command(CLI::App& program) {
  return std::make_unique<ExplainCommand>(program);
}

}  // namespace switchyard
