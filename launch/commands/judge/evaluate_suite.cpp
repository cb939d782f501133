#include "launch/commands/judge/evaluate_suite.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "launch/suites/gate.h"
#include "launch/suites/profile.h"
#include "launch/suites/run_suite.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;
using suites::Judged;

struct Evaluated {
  suites::Results results;
  suites::SuiteCost cost;
  std::string profile;
  double load_seconds = 0.0;
};

// Collective. Of a communicator with the same ranks as `world`, which the model takes.
Evaluated evaluate_model(const std::string& path, const SuiteCommand& command,
                         const suites::LoadedSuite& suite, Comm& world) {
  const auto start = std::chrono::steady_clock::now();
  suites::SuiteModel model(path, command.sets, world.split(0, world.rank()));
  Evaluated found;
  found.load_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  found.results = suites::run_suite(suite, model, found.cost);
  if (!command.output.empty()) found.profile = json_of(suites::profile_of(model)).dump(2) + "\n";
  return found;
}

// Collective. What --against names.
std::optional<suites::Results> previous_results(const SuiteCommand& command,
                                                const suites::LoadedSuite& suite, Comm& world) {
  if (command.against.empty()) return std::nullopt;
  std::string is_folder;
  on_root(world, [&] { is_folder = suites::is_results(command.against) ? "yes" : ""; });
  if (broadcast_text(world, is_folder, 0).empty()) {
    return evaluate_model(command.against, {command.against, "", command.sets}, suite, world)
        .results;
  }
  std::optional<suites::Results> results;
  agree(world, [&] { results = suites::read_results(command.against); });
  return results;
}

Json json_of(const Evaluated& found) {
  Json json = json_of(found.results);
  json["time"] = {{"load_seconds", found.load_seconds},
                  {"seconds", found.cost.seconds},
                  {"scored_tokens", found.cost.scored_tokens},
                  {"tokens_per_second", static_cast<double>(found.cost.scored_tokens) /
                                            std::max(found.cost.score_seconds, 1e-9)},
                  {"memory_bytes", found.cost.memory_bytes}};
  return json;
}

void print(const Evaluated& found, const std::vector<Judged>& judged, bool json) {
  if (json) {
    fmt::print("{}\n", json_of(found).dump(2));
  } else {
    fmt::print("{}", text_of(found.results));
    for (const Judged& one : judged) {
      fmt::print("gate {} {}: {}: {}\n", one.key, one.condition, name_of(one.verdict), one.reason);
    }
  }
  fmt::print(
      stderr,
      "loaded in {:.2f} s; {} tokens scored in {:.2f} s: {:.0f} tokens/s; {:.2f} s in all\n",
      found.load_seconds, found.cost.scored_tokens, found.cost.score_seconds,
      static_cast<double>(found.cost.scored_tokens) / std::max(found.cost.score_seconds, 1e-9),
      found.cost.seconds);
}

}  // namespace

Exit evaluate_suite(const SuiteCommand& command, std::unique_ptr<Comm> world) {
  const suites::LoadedSuite suite = suites::load_suite(command.suite, *world);
  on_root(*world, [&] {
    require(command.output.empty() || !std::filesystem::exists(command.output), Exit::usage,
            "{} exists already: name a new folder for --output", command.output);
  });
  const std::optional<suites::Results> previous = previous_results(command, suite, *world);
  Evaluated found = evaluate_model(command.model, command, suite, *world);
  std::vector<Judged> judged;
  agree(*world, [&] {
    judged = suites::judge(suite.suite.gates, found.results, previous ? &*previous : nullptr);
  });
  found.results.gates = json_of(judged);
  on_root(*world, [&] {
    if (!command.output.empty()) {
      suites::write_results(command.output, found.results, found.profile);
    }
    print(found, judged, command.json);
  });
  return suites::says_no(judged) ? Exit::gate : Exit::done;
}

}  // namespace switchyard
