#include "io/checkpoint.h"

#include <fmt/format.h>

#include "io/committed_folder.h"
#include "launch/checkpoint_meta.h"
#include "launch/commands/command.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

class CheckpointCommand : public Command {
 public:
  explicit CheckpointCommand(CLI::App& program) {
    app_ = program.add_subcommand("checkpoint", "List, verify or hash checkpoints");
    app_->require_subcommand(1);
    list_ = add("list", "The checkpoints of a run, oldest first");
    verify_ = add("verify", "Read every byte and check it; exit code 3 if something is wrong");
    hash_ = add("hash",
                "One hash of every tensor by name: equal for equal states on any number of ranks");
    app_->footer(
        "  switchyard checkpoint list runs/quickstart\n"
        "  switchyard checkpoint verify runs/quickstart                 # all of them\n"
        "  switchyard checkpoint hash runs/quickstart                   # the newest good one");
  }

  int run() override {
    if (list_->parsed()) return list();
    return verify_->parsed() ? verify() : hash();
  }

 private:
  CLI::App* add(const std::string& name, const std::string& doc) {
    CLI::App* command = app_->add_subcommand(name, doc);
    command->add_option("PATH", path_, "A run directory or a checkpoint")->required();
    return command;
  }

  std::vector<CheckpointStatus> found() const {
    std::vector<CheckpointStatus> all = list_checkpoints(path_);
    require(!all.empty(), Exit::data, "{} holds no checkpoints", path_);
    return all;
  }

  int list() const {
    for (const CheckpointStatus& status : found()) {
      fmt::print("step {:>8}  attempt {:>4}  {}  {}\n", status.step, status.attempt,
                 status.folder.filename().string(),
                 status.problem.empty() ? "complete" : status.problem);
    }
    return 0;
  }

  // A folder without a manifest does not exist for readers, so it cannot be wrong.
  int verify() const {
    std::vector<fs::path> folders;
    if (is_committed(path_)) {
      folders.emplace_back(path_);
    } else {
      for (const CheckpointStatus& status : found()) {
        if (status.committed) folders.push_back(status.folder);
      }
    }
    bool good = !folders.empty();
    for (const fs::path& folder : folders) {
      const std::optional<std::string> problem = verify_checkpoint(folder);
      fmt::print("{}: {}\n", folder.string(), problem.value_or("good"));
      good = good && !problem;
    }
    return static_cast<int>(good ? Exit::done : Exit::data);
  }

  int hash() const {
    const CheckpointReader reader(resolve_checkpoint(path_));
    fmt::print("{}  {}\n", reader.hash(), reader.folder().string());
    return 0;
  }

  CLI::App *list_ = nullptr, *verify_ = nullptr, *hash_ = nullptr;
  std::string path_;
};

}  // namespace

std::unique_ptr<Command> make_checkpoint_command(CLI::App& program) {
  return std::make_unique<CheckpointCommand>(program);
}

}  // namespace switchyard
