#include <fmt/format.h>

#include <filesystem>

#include "io/folder/committed_folder.h"
#include "io/prepare/account/dataset_card.h"
#include "io/prepare/account/report.h"
#include "io/tokens/token_store.h"
#include "launch/commands/command.h"
#include "launch/registry/card_facts.h"
#include "launch/registry/model_card.h"
#include "launch/registry/packaging.h"
#include "launch/run/checkpoint_meta.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

class CardCommand : public Command {
 public:
  explicit CardCommand(CLI::App& program) {
    app_ = program.add_subcommand("card", "Print the card of a model or a dataset, in Markdown");
    app_->add_option("PATH", path_,
                     "A run directory, a checkpoint, a model folder, a package or a dataset")
        ->required();
    app_->add_flag("--json", json_, "Print the facts of the card as one JSON object");
    app_->footer(
        "  switchyard card runs/quickstart\n"
        "  switchyard card data/corpus\n\n"
        "Every number of a model's card is in its own files, in the metrics of its run or in the\n"
        "manifests of its data; every number of a dataset's card is in its report.json.");
  }

  int run() override {
    const fs::path folder = path_;
    if (is_committed(folder / tokens_folder)) {
      const nlohmann::json report = prepare::dataset_report(folder);
      fmt::print("{}", json_ ? report.dump(2) + "\n" : prepare::dataset_card(report));
      return 0;
    }
    const CheckpointReader model(resolve_checkpoint(folder));
    const nlohmann::ordered_json facts = facts_of(model);
    fmt::print("{}", json_ ? facts.dump(2) + "\n" : model_card(name_of(model), facts));
    return 0;
  }

 private:
  static bool holds(const CheckpointReader& model, const char* name) {
    return std::ranges::find(model.files(), name, &FileEntry::name) != model.files().end();
  }
  // A package has them.
  static nlohmann::ordered_json facts_of(const CheckpointReader& model) {
    if (!holds(model, card_facts_name)) return card_facts(model);
    auto facts = nlohmann::ordered_json::parse(model.read_file(card_facts_name), nullptr, false);
    require(facts.is_object(), Exit::data, "{} of {} is no JSON object", card_facts_name,
            model.folder().string());
    return facts;
  }
  static std::string name_of(const CheckpointReader& model) {
    return fs::absolute(model.folder()).lexically_normal().filename().string();
  }

  std::string path_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_card_command(CLI::App& program) {
  return std::make_unique<CardCommand>(program);
}

}  // namespace switchyard
