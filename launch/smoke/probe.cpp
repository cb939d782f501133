#include "launch/smoke/probe.h"

#include <fmt/format.h>

#include <chrono>
#include <sstream>

#include "io/text/escape.h"
#include "launch/host/own_program.h"
#include "launch/host/process.h"
#include "launch/host/ranks.h"
#include "launch/smoke/smoke.h"
#include "runtime/comm/agree.h"

namespace switchyard::smoke {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds patience{120};
constexpr const char* mark = "probe ";

// The first line that this program said, or the last one of any.
std::string problem_in(const std::string& output) {
  std::istringstream lines(output);
  std::string last = "it printed nothing";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("switchyard: ")) return line.substr(12);
    if (line.find_first_not_of(" \t-=*") != std::string::npos) last = line;
  }
  return last;
}

}  // namespace

int run_self(const std::vector<std::string>& launcher, const std::vector<std::string>& arguments,
             std::string& output) {
  std::vector<std::string> command = launcher;
  command.push_back(own_program().string());
  command.insert(command.end(), arguments.begin(), arguments.end());
  Finished finished = run_program(command, patience);
  output = std::move(finished.output);
  return finished.code;
}

Probe run_probe(const std::filesystem::path& model, const std::vector<std::string>& launcher) {
  Probe probe;
  std::string output;
  probe.code = run_self(launcher, {"smoke", "--probe", model.string()}, output);
  const std::size_t begin = output.find(mark);
  if (probe.code != 0 || begin == std::string::npos) {
    probe.code = probe.code == 0 ? 1 : probe.code;
    probe.problem = terminal_text(shortened(problem_in(output), 400));
    return probe;
  }
  const std::size_t from = begin + std::string_view(mark).size();
  probe.line = output.substr(from, output.find('\n', from) - from);
  const Json json = Json::parse(probe.line);
  probe.profile = suites::parse_profile(json.at("profile").dump(), "the probe");
  probe.texts = json.at("texts").get<std::vector<std::string>>();
  probe.texts_again = json.at("texts_again").get<std::vector<std::string>>();
  return probe;
}

int probe(const std::filesystem::path& path) {
  return run_on_ranks([&](std::unique_ptr<Comm> world) {
    suites::SuiteModel model(path, {}, std::move(world));
    const suites::Profile profile = suites::profile_of(model);
    const std::vector<std::string> prompts = {"The function", "In", "  * "};
    const auto written = model.write(prompts, {.tokens = 24}),
               again = model.write(prompts, {.tokens = 24});
    on_root(model.ranks(), [&] {
      const Json json = {{"profile", json_of(profile)}, {"texts", written}, {"texts_again", again}};
      fmt::print("{}{}\n", mark, json.dump());
    });
    return Exit::done;
  });
}

}  // namespace switchyard::smoke
