#include "launch/smoke/probe.h"

#include <fmt/format.h>

#include <chrono>
#include <sstream>

#include "io/text/escape.h"
#include "launch/host/own_program.h"
#include "launch/host/process.h"
#include "launch/host/ranks.h"
#include "launch/smoke/smoke.h"
#include "launch/suites/texts.h"
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

// Collective. 0 if the model writes nothing.
double own_loss_of(suites::SuiteModel& model) {
  const std::vector<std::string> nothing(8);
  const std::vector<std::string> texts =
      model.write(nothing, {.tokens = 48, .temperature = 0.8, .seed = 1});
  std::vector<ScoreRequest> requests;
  for (const std::string& text : texts) {
    for (ScoreRequest& part :
         suites::parts_of(suites::tokens_of(model.tokenizer(), text), model.max_length())) {
      requests.push_back(std::move(part));
    }
  }
  const ScoredTokens scored = model.score(requests);
  double sum = 0.0;
  for (const NextTokenScore& token : scored.tokens) sum += static_cast<double>(token.loss);
  return sum / static_cast<double>(std::max(std::size_t{1}, scored.tokens.size()));
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
  probe.own_loss = json.at("own_loss").get<double>();
  probe.texts = json.at("texts").get<std::vector<std::string>>();
  probe.texts_again = json.at("texts_again").get<std::vector<std::string>>();
  return probe;
}

int probe(const std::filesystem::path& path) {
  return run_on_ranks([&](std::unique_ptr<Comm> world) {
    suites::SuiteModel model(path, {}, std::move(world));
    const suites::Profile profile = suites::profile_of(model);
    const std::vector<std::string> prompts = {"The function", "In", "  * "};
    const double own_loss = own_loss_of(model);
    const auto written = model.write(prompts, {.tokens = 24}),
               again = model.write(prompts, {.tokens = 24});
    on_root(model.ranks(), [&] {
      const Json json = {{"profile", json_of(profile)},
                         {"own_loss", own_loss},
                         {"texts", written},
                         {"texts_again", again}};
      fmt::print("{}{}\n", mark, json.dump());
    });
    return Exit::done;
  });
}

}  // namespace switchyard::smoke
