#include "io/registry/registry.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "io/checkpoint/checkpoint.h"
#include "io/folder/committed_folder.h"
#include "io/registry/sums.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"
#include "launch/commands/command.h"
#include "launch/host/host_name.h"
#include "launch/host/standard_streams.h"
#include "launch/machine/machine.h"
#include "launch/registry/promotion.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

class RegistryCommand : public Command {
 public:
  explicit RegistryCommand(CLI::App& program) {
    app_ = program.add_subcommand("registry", "List, check, promote or roll back published models");
    app_->require_subcommand(1);
    add("list", "List the versions of a model, oldest first", &RegistryCommand::list);
    add_version(add("verify",
                    "Hash every byte of all versions, or of one; exit with code 3 if something is "
                    "wrong",
                    &RegistryCommand::verify),
                false);
    add_version(add("promote", "Make a version the current one, if it passes its gates",
                    &RegistryCommand::promote),
                true);
    add_version(
        add("rollback",
            "Make the newest good version current that was so before, or VERSION, if it was",
            &RegistryCommand::roll_back),
        false);
    add("log", "Print what was done, when, and where", &RegistryCommand::print_log);
    app_->footer(
        "  switchyard registry list models/perl\n"
        "  switchyard registry verify models/perl 3\n"
        "  switchyard registry promote models/perl 3\n"
        "  switchyard registry rollback models/perl\n"
        "  switchyard sample models/perl --prompt Once      # the current version\n"
        "  switchyard evaluate models/perl@2 --dataset data/perl");
  }

  int run() override {
    for (const auto& [command, action] : actions_) {
      if (command->parsed()) return static_cast<int>((this->*action)(Registry(path_)));
    }
    return static_cast<int>(Exit::usage);
  }

 private:
  using Action = Exit (RegistryCommand::*)(Registry);

  CLI::App* add(const std::string& name, const std::string& doc, Action action) {
    CLI::App* command = app_->add_subcommand(name, doc);
    command->add_option("MODEL", path_, "REGISTRY/NAME, the folder of a published model")
        ->required();
    command->add_flag("--json", json_, "Print one JSON object");
    command->footer("");
    actions_.emplace_back(command, action);
    return command;
  }
  void add_version(CLI::App* command, bool required) {
    command->add_option("VERSION", version_, "The number of a version")
        ->required(required)
        ->check(CLI::Range(1, 999'999'999));
  }

  static Json note() { return {{"time", utc_now()}, {"host", host_name()}}; }

  static std::vector<int> versions_of(const Registry& registry) {
    std::vector<int> versions = registry.versions();
    require(!versions.empty(), Exit::data,
            "{} holds no published model: `switchyard publish` puts one there",
            registry.folder().string());
    return versions;
  }

  Exit list(Registry registry) {
    const auto current = registry.current();
    Json all = Json::array();
    for (const int version : versions_of(registry)) {
      Json one = {{"version", version}, {"current", current && current->version.number == version}};
      try {
        const CheckpointReader model(registry.folder_of(version));
        const auto step = model.known_step();
        one["step"] = step ? Json(*step) : Json();
        one["bytes"] = model.bytes();
      } catch (const Error& error) {
        one["problem"] = error.what();
      }
      for (const Json& line : registry.log()) {
        if (line.value("version", 0) == version && line.value("action", "") == "publish")
          one["published"] = line.value("time", "");
      }
      all.push_back(std::move(one));
    }
    if (json_) {
      fmt::print("{}\n", Json{{"versions", all}}.dump(2));
      return Exit::done;
    }
    for (const Json& one : all) fmt::print("{}\n", in_words(one));
    return Exit::done;
  }

  static std::string in_words(const Json& one) {
    std::string text = fmt::format("{:>7} {}", one.at("version").get<int>(),
                                   one.at("current").get<bool>() ? "current" : "       ");
    if (one.contains("problem"))
      return text + "  " + terminal_text(one["problem"].get<std::string>());
    if (!one.at("step").is_null())
      text += fmt::format("  step {}", one["step"].get<std::int64_t>());
    text += "  " + bytes_in_words(one.at("bytes").get<std::int64_t>());
    return text + "  " + terminal_text(one.value("published", ""));
  }

  Exit verify(Registry registry) {
    bool good = true;
    Json all = Json::array();
    for (const int version : version_ ? std::vector{*version_} : versions_of(registry)) {
      const auto problem = registry.problem_of(version);
      good = good && !problem;
      Json one = {{"version", version}, {"good", !problem}};
      if (problem) one["problem"] = *problem;
      if (!json_)
        fmt::print("version {}: {}\n", version, problem ? terminal_text(*problem) : "good");
      all.push_back(std::move(one));
    }
    if (json_) fmt::print("{}\n", Json{{"versions", all}}.dump(2));
    return good ? Exit::done : Exit::data;
  }

  Exit promote(Registry registry) {
    versions_of(registry);
    require(is_committed(registry.folder_of(*version_)), Exit::data, "{} has no version {}",
            registry.folder().string(), *version_);
    if (const auto problem = registry.problem_of(*version_)) fail(Exit::data, "{}", *problem);
    const Promotion promotion = judge_version(registry, *version_);
    for (const std::string& gate : promotion.gates) say(terminal_text(gate) + "\n");
    if (!promotion.refusal.empty()) {
      Json why = note();
      why["why"] = promotion.refusal;
      registry.note("refuse", {*version_, package_hash(registry.folder_of(*version_))}, why);
      fail(Exit::gate, "version {} stays as it is: {}", *version_, promotion.refusal);
    }
    print_current(registry.promote(*version_, note()));
    return Exit::done;
  }

  Exit roll_back(Registry registry) {
    versions_of(registry);
    std::vector<std::string> skipped;
    std::optional<PackageVersion> version;
    const auto tell = [&] {
      for (const std::string& one : skipped) say(terminal_text(one) + "\n");
    };
    try {
      version = registry.roll_back(version_, note(), skipped);
    } catch (const Error&) {
      tell();
      throw;
    }
    tell();
    print_current(*version);
    return Exit::done;
  }

  void print_current(const PackageVersion& version) const {
    if (json_) {
      fmt::print("{}\n", Json{{"current", version.number}, {"sha256", version.sha256}}.dump(2));
    } else {
      fmt::print("version {} is current\n", version.number);
    }
  }

  Exit print_log(Registry registry) {
    const auto lines = registry.log();
    if (json_) {
      fmt::print("{}\n", Json{{"log", lines}}.dump(2));
      return Exit::done;
    }
    for (const Json& line : lines) {
      std::string text = fmt::format("{}  {} version {}", line.value("time", ""),
                                     line.value("action", ""), line.value("version", 0));
      for (const char* key : {"from", "why", "host"}) {
        if (line.contains(key)) text += fmt::format(", {} {}", key, line[key].dump());
      }
      fmt::print("{}\n", terminal_text(text));
    }
    return Exit::done;
  }

  std::vector<std::pair<CLI::App*, Action>> actions_;
  std::string path_;
  std::optional<int> version_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_registry_command(CLI::App& program) {
  return std::make_unique<RegistryCommand>(program);
}

}  // namespace switchyard
