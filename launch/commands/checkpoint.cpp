#include "io/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <set>

#include "io/checkpoint/retention.h"
#include "io/folder/committed_folder.h"
#include "io/text/byte_size.h"
#include "launch/commands/command.h"
#include "launch/run/attempts.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string age_text(const fs::path& folder) {
  std::error_code error;
  const auto written = fs::last_write_time(folder / manifest_name, error);
  if (error) return "-";
  const auto age = fs::file_time_type::clock::now() - written;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(age).count();
  if (minutes >= 2 * 24 * 60) return fmt::format("{} d", minutes / (24 * 60));
  return minutes >= 120 ? fmt::format("{} h", minutes / 60) : fmt::format("{} min", minutes);
}

std::string loss_text(const nlohmann::json& meta, const char* key) {
  const auto found = meta.find(key);
  const bool known = found != meta.end() && found->is_number();
  return known ? fmt::format("{:.4f}", found->get<double>()) : "-";
}

// One line of `checkpoint list`.
void print_row(const CheckpointStatus& status) {
  std::string loss = "-", validation = "-", size = "-", ranks = "-";
  if (status.committed && (status.problem.empty() || status.superseded)) {
    const CheckpointReader reader(status.folder);
    loss = loss_text(reader.meta(), "loss");
    validation = loss_text(reader.meta(), "validation_loss");
    size = bytes_in_words(reader.bytes());
    ranks = std::to_string(reader.num_ranks());
  }
  const std::string health = status.superseded        ? "superseded: " + status.problem
                             : status.problem.empty() ? "complete"
                                                      : status.problem;
  fmt::print("{:>9}  {:>7}  {:>9}  {:>10}  {:>11}  {:>5}  {:>7}  {}  {}\n", status.step,
             status.attempt, loss, validation, size, ranks, age_text(status.folder),
             status.folder.filename().string(), health);
}

// Says how two tensors of one name differ; empty if they are equal.
std::string difference(const CheckpointReader& a, const CheckpointReader& b,
                       const std::string& name) {
  if (a.shape(name) != b.shape(name) || a.dtype(name) != b.dtype(name)) {
    return fmt::format("{} {} and {} {}", name_of(a.dtype(name)), a.shape(name),
                       name_of(b.dtype(name)), b.shape(name));
  }
  const Buffer first(a.shape(name), a.dtype(name)), second(a.shape(name), a.dtype(name));
  a.read(name, first);
  b.read(name, second);
  const Tensor x = first, y = second;
  if (x.bytes() == 0 || std::memcmp(x.data, y.data, static_cast<std::size_t>(x.bytes())) == 0) {
    return "";
  }
  if (x.dtype != DType::f32) return "other values";
  double largest = 0.0;
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const float u = x.as<float>()[i], v = y.as<float>()[i];
    count += std::memcmp(&u, &v, sizeof u) != 0;
    largest = std::max(largest, std::abs(static_cast<double>(u) - v));
  }
  return fmt::format("{} of {} values, by at most {:.3g}", count, x.size(), largest);
}

class CheckpointCommand : public Command {
 public:
  explicit CheckpointCommand(CLI::App& program) {
    app_ = program.add_subcommand("checkpoint", "List, check, compare, copy or delete checkpoints");
    app_->require_subcommand(1);
    add("list", "List the checkpoints of a run, oldest first", &CheckpointCommand::list);
    add("verify", "Read and check every byte; exit with code 3 if something is wrong",
        &CheckpointCommand::verify);
    add("hash",
        "Print one hash of all tensors, which is equal for equal states on any number of ranks",
        &CheckpointCommand::hash);
    add_second(
        add("diff", "Compare two checkpoints tensor by tensor; exit with code 3 if they differ",
            &CheckpointCommand::diff),
        "OTHER", "The run directory or checkpoint to compare with");
    add_second(add("copy", "Copy a checkpoint to a new folder and check the copy",
                   &CheckpointCommand::copy),
               "FOLDER", "The folder to create; it must not exist");
    add_policy(
        *add("prune",
             "Delete the checkpoints that the options do not keep; the newest two good ones stay",
             &CheckpointCommand::prune));
    app_->footer(
        "  switchyard checkpoint list runs/quickstart\n"
        "  switchyard checkpoint verify runs/quickstart                 # all of them\n"
        "  switchyard checkpoint hash runs/quickstart                   # the newest good one\n"
        "  switchyard checkpoint diff runs/a runs/b\n"
        "  switchyard checkpoint copy runs/a archive/a-final\n"
        "  switchyard checkpoint prune runs/a --keep 2 --keep-every 1000");
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
        ->add_option("PATH", path_,
                     of_a_run ? "A run directory" : "A run directory or a checkpoint")
        ->required();
    command->footer("");  // the footer of `switchyard checkpoint` has the examples
    actions_.emplace_back(command, action);
    return command;
  }
  void add_second(CLI::App* command, const std::string& name, const std::string& doc) {
    command->add_option(name, other_, doc)->required();
  }
  void add_policy(CLI::App& command) {
    command.add_option("--keep", policy_.keep, "How many of the newest good checkpoints to keep")
        ->capture_default_str()
        ->check(CLI::Range(2, 1'000'000));
    command
        .add_option("--keep-every", policy_.keep_every,
                    "Also keep the checkpoints of every K-th step; 0: none")
        ->check(CLI::NonNegativeNumber);
    command
        .add_option("--keep-best", policy_.keep_best,
                    "Also keep this many checkpoints with the lowest validation losses")
        ->check(CLI::NonNegativeNumber);
  }

  std::vector<CheckpointStatus> found() const {
    std::vector<CheckpointStatus> all = list_checkpoints(path_);
    require(!all.empty(), Exit::data, "{} holds no checkpoints", path_);
    return all;
  }

  int list() {
    const std::vector<CheckpointStatus> all = found();
    fmt::print("{:>9}  {:>7}  {:>9}  {:>10}  {:>11}  {:>5}  {:>7}  {}\n", "step", "attempt", "loss",
               "validation", "size", "ranks", "age", "folder and health");
    for (const CheckpointStatus& status : all) print_row(status);
    return 0;
  }

  // Readers ignore a folder without a manifest, and a superseded one, so neither can be wrong.
  int verify() {
    std::vector<fs::path> folders;
    if (is_committed(path_)) {
      folders.emplace_back(path_);
    } else {
      for (const CheckpointStatus& status : found()) {
        if (status.committed && !status.superseded) folders.push_back(status.folder);
      }
    }
    bool good = !folders.empty();
    for (const fs::path& folder : folders) good = verify_one(folder) && good;
    return static_cast<int>(good ? Exit::done : Exit::data);
  }

  static bool verify_one(const fs::path& folder) {
    const auto begin = Clock::now();
    const std::optional<std::string> problem = verify_checkpoint(folder);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (problem) {
      fmt::print("{}: {}\n", folder.string(), *problem);
      return false;
    }
    const std::int64_t bytes = CheckpointReader(folder).bytes();
    fmt::print("{}: good ({}, {:.2f} GB/s)\n", folder.string(), bytes_in_words(bytes),
               static_cast<double>(bytes) / seconds * 1e-9);
    return true;
  }

  int hash() {
    const CheckpointReader reader(resolve_checkpoint(path_));
    fmt::print("{}  {}\n", reader.hash(), reader.folder().string());
    return 0;
  }

  int diff() {
    const CheckpointReader a(resolve_checkpoint(path_)), b(resolve_checkpoint(other_));
    const auto names_a = a.names(), names_b = b.names();
    std::set<std::string> names(names_a.begin(), names_a.end());
    names.insert(names_b.begin(), names_b.end());
    const auto has = [](const std::vector<std::string>& list, const std::string& name) {
      return std::binary_search(list.begin(), list.end(), name);
    };
    std::int64_t num_different = 0;
    for (const std::string& name : names) {
      const std::string text = !has(names_a, name)   ? "only in the second"
                               : !has(names_b, name) ? "only in the first"
                                                     : difference(a, b, name);
      if (text.empty()) continue;
      ++num_different;
      fmt::print("{}: {}\n", name, text);
    }
    fmt::print("{} of {} tensors differ (step {} and step {})\n", num_different, names.size(),
               a.step(), b.step());
    return static_cast<int>(num_different == 0 ? Exit::done : Exit::data);
  }

  int copy() {
    const fs::path from = resolve_checkpoint(path_);
    copy_checkpoint(from, other_);
    fmt::print("{}  {}\n", CheckpointReader(other_).hash(), other_);
    return 0;
  }

  int prune() {
    found();
    wait_for_owner(path_, std::chrono::seconds{0});
    const std::vector<fs::path> deleted = Retention(path_, policy_).apply();
    for (const fs::path& folder : deleted) fmt::print("deleted {}\n", folder.string());
    fmt::print("{} deleted, {} left\n", deleted.size(), find_checkpoints(path_).size());
    return 0;
  }

  std::vector<std::pair<CLI::App*, Action>> actions_;
  std::string path_, other_;
  RetentionPolicy policy_;
};

}  // namespace

std::unique_ptr<Command> make_checkpoint_command(CLI::App& program) {
  return std::make_unique<CheckpointCommand>(program);
}

}  // namespace switchyard
