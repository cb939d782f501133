#include "io/prepare/account/explain.h"

#include <fmt/format.h>

#include "launch/commands/command.h"

namespace switchyard {
namespace {

class ExplainCommand : public Command {
 public:
  explicit ExplainCommand(CLI::App& program) {
    app_ = program.add_subcommand("explain", "Show what happened to a document, and why");
    app_->add_option("DATASET", dataset_, "A dataset that `switchyard prepare` made")->required();
    app_->add_option("DOCUMENT-ID", id_, "Its id, or at least 8 digits of the hash of its content")
        ->required();
    app_->footer(
        "  switchyard explain data/corpus page-1730\n"
        "  switchyard explain data/corpus 5f0c31ab\n\n"
        "For a document that was removed it shows the stage and the reason, where the document "
        "came\n"
        "from, the document that was kept instead, how similar they are, and the text they share.");
  }

  int run() override {
    const prepare::DocumentStore store(dataset_);
    fmt::print("{}", prepare::explanation_text(store, prepare::explain(store, id_)));
    return 0;
  }

 private:
  std::string dataset_, id_;
};

}  // namespace

std::unique_ptr<Command> make_explain_command(CLI::App& program) {
  return std::make_unique<ExplainCommand>(program);
}

}  // namespace switchyard
