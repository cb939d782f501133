#include "launch/report/audit.h"

#include <fmt/format.h>

#include <optional>

#include "io/text/escape.h"
#include "launch/commands/command.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& object, const char* key) {
  return terminal_text(object.value(key, ""));
}
std::int64_t number(const Json& object, const char* key) { return object.at(key); }

// What is known of a document may be its hash alone.
std::string title_of(const Json& document) {
  if (!document.contains("source")) return "hash " + text(document, "hash");
  return fmt::format("{} of {}, licence {}", text(document, "id"), text(document, "source"),
                     text(document, "licence"));
}

class AuditCommand : public Command {
 public:
  explicit AuditCommand(CLI::App& program) {
    app_ = program.add_subcommand(
        "audit", "Say which documents a step was trained on, or in which steps a document was");
    app_->add_option("RUN", run_, "A run directory")->required();
    CLI::Option* step =
        app_->add_option("--step", step_, "A step, from 1 as in metrics.jsonl")->type_name("N");
    app_->add_option("--document", document_,
                     "A document: its id, its content hash, or the first digits of that")
        ->type_name("NAME")
        ->excludes(step);
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->footer(
        "  switchyard audit runs/quickstart --step 120\n"
        "  switchyard audit runs/quickstart --document perlfaq4 --json\n\n"
        "The order of the data is a function of the seed and the step: the answer is computed, "
        "and\n"
        "no run has to keep a log for it. The dataset must be as it was.");
  }

  int run() override {
    require(step_ || !document_.empty(), Exit::usage, "audit needs --step N or --document NAME");
    Audit audit(run_);
    const Json found = step_ ? audit.step(*step_) : audit.document(document_);
    if (json_) {
      fmt::print("{}\n", found.dump(2, ' ', false, Json::error_handler_t::replace));
    } else {
      step_ ? print_step(found) : print_document(found);
    }
    return 0;
  }

 private:
  static void print_step(const Json& found) {
    fmt::print("step {}, {}: {} sequences with {} tokens{}\n", number(found, "step"),
               text(found, "state"), number(found, "sequences"), number(found, "tokens"),
               found["step"] == found["batch"]
                   ? ""
                   : fmt::format(", the batch of step {}", number(found, "batch")));
    for (const Json& one : found["documents"])
      fmt::print("sequence {:>5}  tokens {:>7} + {:<6}  {}\n", number(one, "slot"),
                 number(one, "first_token"), number(one, "tokens"), title_of(one));
  }

  static void print_document(const Json& found) {
    fmt::print("{}\n", title_of(found));
    if (text(found, "split") == "validation")
      fmt::print("it was held out: no step was trained on it\n");
    for (const Json& one : found["steps"])
      fmt::print("step {:>8}  sequence {:>5}  tokens {:>7} + {}\n", number(one, "step"),
                 number(one, "slot"), number(one, "first_token"), number(one, "tokens"));
    if (text(found, "split") == "train" && found["steps"].empty())
      fmt::print("no step so far was trained on it\n");
  }

  std::string run_, document_;
  std::optional<std::int64_t> step_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_audit_command(CLI::App& program) {
  return std::make_unique<AuditCommand>(program);
}

}  // namespace switchyard
