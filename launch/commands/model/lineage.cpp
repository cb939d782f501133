#include <fmt/format.h>

#include "launch/commands/command.h"
#include "launch/hugging_face/hub_source.h"
#include "launch/models/lineage_tree.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

class LineageCommand : public Command {
 public:
  explicit LineageCommand(CLI::App& program) {
    app_ =
        program.add_subcommand("lineage", "Show the models and the data that a model is made of");
    app_->add_option("PATH", path_,
                     "A model folder, a checkpoint, or a run directory for its newest good "
                     "checkpoint")
        ->required();
    app_->add_flag("--quick", quick_, "Compare the hashes in manifests, and read no tensor");
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->footer(
        "  switchyard lineage models/merged\n"
        "  switchyard lineage runs/tuned --json\n\n"
        "Prints a line for each model, with those that it was made of below it, and the data that\n"
        "each was trained on. It reads every byte of each model, and exits with code 3 if one is\n"
        "damaged or is not what it was when another was made of it. One that is gone is named, "
        "and\n"
        "is no error.");
  }

  int run() override {
    const auto depth = quick_ ? models::Depth::manifests : models::Depth::every_byte;
    const nlohmann::ordered_json tree = models::lineage_tree(
        hub::is_hub_folder(path_) ? std::filesystem::path(path_) : resolve_checkpoint(path_),
        depth);
    fmt::print("{}", json_ ? tree.dump(2) + "\n" : models::lineage_text(tree));
    return static_cast<int>(models::tampered(tree) ? Exit::data : Exit::done);
  }

 private:
  std::string path_;
  bool quick_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_lineage_command(CLI::App& program) {
  return std::make_unique<LineageCommand>(program);
}

}  // namespace switchyard
