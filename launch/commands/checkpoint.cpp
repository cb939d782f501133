#include "io/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "io/checkpoint/checkpoint_diff.h"
#include "io/checkpoint/retention.h"
#include "io/folder/committed_folder.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"
#include "launch/commands/checkpoint_rows.h"
#include "launch/commands/command.h"
#include "launch/host/standard_streams.h"
#include "launch/run/attempts.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/run_directory.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr std::size_t differences_shown = 10;

// What a person chose; the rest is as the run has it.
struct PolicyOptions {
  std::optional<int> keep, keep_best;
  std::optional<std::int64_t> keep_every;
};

// The policy of the run's config, with the options instead of its keys. source: set to where it is
// from, for people.
RetentionPolicy policy_of(const fs::path& run, const PolicyOptions& options, std::string& source) {
  CheckpointConfig config;
  const fs::path file = RunDirectory(run).config_file();
  source = "the defaults, because there is no " + file.string();
  if (fs::exists(file)) {
    config = load_config({{}, file, {}}).checkpoint;
    source = file.string();
  }
  return {options.keep.value_or(config.keep), options.keep_every.value_or(config.keep_every),
          options.keep_best.value_or(config.keep_best)};
}

Json json_of(const CheckpointDifference& found) {
  Json differences = Json::array();
  for (const TensorDifference& one : found.differences) {
    differences.push_back(one.unlike.empty() ? Json{{"name", one.name},
                                                    {"changed", one.num_changed},
                                                    {"values", one.num_values},
                                                    {"max", one.max},
                                                    {"relative", one.relative}}
                                             : Json{{"name", one.name}, {"unlike", one.unlike}});
  }
  return differences;
}

std::string step_of(const CheckpointReader& reader) {
  const auto step = reader.known_step();
  return step ? fmt::format("step {}", *step) : "no step";
}

class CheckpointCommand : public Command {
 public:
  explicit CheckpointCommand(CLI::App& program) {
    app_ = program.add_subcommand("checkpoint", "List, check, compare, copy or delete checkpoints");
    app_->require_subcommand(1);
    add_json(add("list", "List the checkpoints of a run, oldest first", &CheckpointCommand::list));
    add_json(add("verify", "Read and check every byte; exit with code 3 if something is wrong",
                 &CheckpointCommand::verify));
    add("hash",
        "Print one hash of all tensors, which is equal for equal states on any number of ranks",
        &CheckpointCommand::hash);
    add_diff();
    add_second(add("copy", "Copy a checkpoint to a new folder and check the copy",
                   &CheckpointCommand::copy),
               "FOLDER", "The folder to create; it must not exist");
    add_prune();
    app_->footer(
        "RUN@600 and RUN/600 name the newest checkpoint of step 600 of a run.\n\n"
        "  switchyard checkpoint list runs/quickstart\n"
        "  switchyard checkpoint verify runs/quickstart                 # all of them\n"
        "  switchyard checkpoint hash runs/quickstart                   # the newest good one\n"
        "  switchyard checkpoint diff runs/a@400 runs/a@600\n"
        "  switchyard checkpoint copy runs/a archive/a-final\n"
        "  switchyard checkpoint prune runs/a --keep-every 1000 --dry-run");
  }

  int run() override {
    for (const auto& [command, action] : actions_) {
      if (command->parsed()) return (this->*action)();
    }
    return static_cast<int>(Exit::usage);
  }

 private:
  using Action = int (CheckpointCommand::*)();

  CLI::App* add(const std::string& name, const std::string& doc, Action action) {
    CLI::App* command = app_->add_subcommand(name, doc);
    const bool of_a_run = name == "list" || name == "prune";
    command
        ->add_option(
            "PATH", path_,
            of_a_run ? "A run directory" : "A run directory, a checkpoint or a model folder")
        ->required();
    command->footer("");  // the footer of `switchyard checkpoint` has the examples
    actions_.emplace_back(command, action);
    return command;
  }
  void add_json(CLI::App* command) { command->add_flag("--json", json_, "Print one JSON object"); }
  void add_second(CLI::App* command, const std::string& name, const std::string& doc) {
    command->add_option(name, other_, doc)->required();
  }
  void add_diff() {
    CLI::App* command =
        add("diff",
            "Compare two checkpoints or models tensor by tensor; exit with code 3 if they differ",
            &CheckpointCommand::diff);
    add_second(command, "OTHER", "The run directory, checkpoint or model folder to compare with");
    command->add_flag("--all", all_, "Print every tensor that differs, not only the first ten");
    add_json(command);
  }
  void add_prune() {
    CLI::App* command = add(
        "prune", "Delete the checkpoints that the run's policy does not keep; the newest two stay",
        &CheckpointCommand::prune);
    command
        ->add_option("--keep", policy_.keep,
                     "How many of the newest good checkpoints to keep, instead of the run's "
                     "checkpoint.keep")
        ->check(CLI::Range(2, 1'000'000));
    command
        ->add_option("--keep-every", policy_.keep_every,
                     "Also keep the checkpoints of every K-th step, instead of the run's "
                     "checkpoint.keep_every; 0: none")
        ->check(CLI::NonNegativeNumber);
    command
        ->add_option("--keep-best", policy_.keep_best,
                     "Also keep this many checkpoints with the lowest validation losses, instead "
                     "of the run's checkpoint.keep_best")
        ->check(CLI::NonNegativeNumber);
    command->add_flag("--dry-run", dry_run_, "Only print what would be deleted");
    add_json(command);
  }

  std::vector<CheckpointStatus> found() const {
    std::vector<CheckpointStatus> all = list_checkpoints(path_);
    require(!all.empty(), Exit::data, "{} holds no checkpoints", path_);
    return all;
  }

  int list() {
    const Json described = describe_checkpoints(found());
    fmt::print("{}", json_ ? Json{{"checkpoints", described}}.dump(2) + "\n"
                           : checkpoint_table(described));
    return 0;
  }

  // Readers ignore a folder without a manifest, and a superseded one, so neither can be wrong.
  int verify() {
    std::vector<fs::path> folders;
    if (!fs::exists(fs::path(path_) / "checkpoints")) {
      folders.push_back(is_committed(path_) ? fs::path(path_) : resolve_checkpoint(path_));
    } else {
      for (const CheckpointStatus& status : found()) {
        if (status.committed && !status.superseded) folders.push_back(status.folder);
      }
    }
    bool good = !folders.empty();
    Json all = Json::array();
    for (const fs::path& folder : folders) {
      all.push_back(verify_one(folder));
      good = good && all.back().at("good").get<bool>();
      if (!json_) print_verified(all.back());
    }
    if (json_) fmt::print("{}\n", Json{{"checkpoints", all}}.dump(2));
    return static_cast<int>(good ? Exit::done : Exit::data);
  }

  static Json verify_one(const fs::path& folder) {
    const auto begin = Clock::now();
    const std::optional<std::string> problem = verify_checkpoint(folder);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    Json verified = {{"folder", folder.string()}, {"good", !problem}};
    if (problem) {
      verified["problem"] = *problem;
    } else {
      verified["bytes"] = CheckpointReader(folder).bytes();
      verified["seconds"] = seconds;
    }
    return verified;
  }

  static void print_verified(const Json& one) {
    const std::string folder = one.at("folder").get<std::string>();
    if (!one.at("good").get<bool>()) {
      fmt::print("{}: {}\n", folder, terminal_text(one.at("problem").get<std::string>()));
      return;
    }
    const auto bytes = one.at("bytes").get<std::int64_t>();
    fmt::print("{}: good ({}, {:.2f} GB/s)\n", folder, bytes_in_words(bytes),
               static_cast<double>(bytes) / one.at("seconds").get<double>() * 1e-9);
  }

  int hash() {
    const CheckpointReader reader(resolve_checkpoint(path_));
    fmt::print("{}  {}\n", reader.hash(), reader.folder().string());
    return 0;
  }

  int diff() {
    const CheckpointReader a(resolve_checkpoint(path_)), b(resolve_checkpoint(other_));
    const CheckpointDifference found = difference_of(a, b);
    const std::size_t number = found.differences.size();
    const std::size_t shown = all_ ? number : std::min(number, differences_shown);
    if (json_) {
      fmt::print("{}\n", Json{{"first", a.folder().string()},
                              {"second", b.folder().string()},
                              {"tensors", found.num_tensors},
                              {"different", number},
                              {"differences", json_of(found)}}
                             .dump(2));
    } else {
      for (std::size_t i = 0; i < shown; ++i) fmt::print("{}\n", in_words(found.differences[i]));
      if (shown < number) fmt::print("... and {} more, which --all prints\n", number - shown);
      fmt::print("{} of {} tensors differ ({} and {}){}\n", number, found.num_tensors, step_of(a),
                 step_of(b), number > 1 ? ", the relatively largest first" : "");
    }
    return static_cast<int>(number == 0 ? Exit::done : Exit::data);
  }

  int copy() {
    const fs::path from = resolve_checkpoint(path_);
    copy_checkpoint(from, other_);
    fmt::print("{}  {}\n", CheckpointReader(other_).hash(), other_);
    return 0;
  }

  int prune() {
    const std::size_t number = found().size();
    std::string source;
    const RetentionPolicy policy = policy_of(path_, policy_, source);
    say(
        fmt::format("keeping the newest {}, those of every {}-th step (0: none) and the best {}; "
                    "what no option says is from {}\n",
                    policy.keep, policy.keep_every, policy.keep_best, source));
    if (!dry_run_) wait_for_owner(path_, std::chrono::seconds{0});
    Retention retention(path_, policy);
    const std::vector<fs::path> deleted = dry_run_ ? retention.surplus() : retention.apply();
    if (json_) {
      Json folders = Json::array();
      for (const fs::path& folder : deleted) folders.push_back(folder.string());
      fmt::print(
          "{}\n",
          Json{{"dry_run", dry_run_}, {"deleted", folders}, {"left", number - deleted.size()}}.dump(
              2));
      return 0;
    }
    for (const fs::path& folder : deleted)
      fmt::print("{} {}\n", dry_run_ ? "would delete" : "deleted", folder.string());
    fmt::print("{} {}, {} left\n", deleted.size(), dry_run_ ? "to delete" : "deleted",
               number - deleted.size());
    return 0;
  }

  std::vector<std::pair<CLI::App*, Action>> actions_;
  std::string path_, other_;
  PolicyOptions policy_;
  bool json_ = false, all_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_checkpoint_command(CLI::App& program) {
  return std::make_unique<CheckpointCommand>(program);
}

}  // namespace switchyard
