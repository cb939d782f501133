#include "launch/smoke/small_training.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "io/files/durable.h"
#include "io/text/escape.h"
#include "launch/smoke/probe.h"
#include "launch/suites/profile.h"

namespace switchyard::smoke {
namespace {

namespace fs = std::filesystem;

constexpr const char* config = R"([data]
dataset = "data"
sequence_length = 64
[model]
hidden = 48
num_layers = 2
num_heads = 3
num_kv_heads = 3
head_dim = 16
dense_layers = [0]
ffn_hidden = 96
num_experts = 4
expert_hidden = 64
[router]
top_k = 2
[train]
steps = 24
warmup_steps = 4
global_batch_size = 8
micro_batch_size = 2
learning_rate = 1e-2
min_learning_rate = 5e-3
checkpoint_every = 12
)";

// Sentences of the profile's texts in many combinations.
std::string corpus() {
  const std::vector<std::string>& texts = suites::profile_texts();
  std::string lines;
  for (std::size_t i = 0; i < 48; ++i) {
    const std::string text = fmt::format("Page {}.\n{}\n{}\n{}", i, texts[i % texts.size()],
                                         texts[(3 * i + 1) % texts.size()], i * i);
    lines += nlohmann::json{{"text", text}}.dump() + "\n";
  }
  return lines;
}

// The losses of a run, from its metrics.
std::vector<double> losses_of(const fs::path& run) {
  std::istringstream lines(durable::read_file(run / "metrics.jsonl", 1 << 24));
  std::vector<double> losses;
  for (std::string line; std::getline(lines, line);) {
    const auto step = nlohmann::json::parse(line, nullptr, false);
    if (step.is_object() && step.contains("loss") && step["loss"].is_number()) {
      losses.push_back(step["loss"].get<double>());
    }
  }
  return losses;
}

struct Runner {
  fs::path folder;
  std::string problem{};

  // Runs this program; false, with the problem, if that failed. Words that begin with "./" are
  // paths within the folder.
  bool operator()(const std::vector<std::string>& launcher, std::vector<std::string> words) {
    std::string output;
    return (*this)(launcher, std::move(words), output);
  }
  bool operator()(const std::vector<std::string>& launcher, std::vector<std::string> words,
                  std::string& output, int wanted = 0) {
    for (std::string& word : words) {
      const std::size_t at = word.find("./");
      if (at != std::string::npos) word.replace(at, 2, (folder / "").string());
    }
    const int code = run_self(launcher, words, output);
    if (code == wanted) return true;
    const std::size_t said = output.rfind("switchyard: ");
    problem = fmt::format("`switchyard {}` ended with code {}: {}", words.front(), code,
                          terminal_text(shortened(
                              said == std::string::npos ? output : output.substr(said + 12), 300)));
    return false;
  }
};

// The hash of every tensor; empty, with the problem, if there is none.
std::string hash_of(Runner& run, const char* folder) {
  std::string output;
  return run({}, {"checkpoint", "hash", folder}, output) ? output.substr(0, 32) : "";
}

void check_saving(Runner& run, std::vector<std::string> train,
                  const std::vector<std::string>& launcher, Check& saving) {
  std::vector<std::string> first = train;
  first.insert(first.end(), {"--stop-before", "12"});
  std::string output;
  const bool trained =
      run({}, first, output, static_cast<int>(Exit::requeue)) && run(launcher, train);
  const std::string straight = trained ? hash_of(run, "./straight") : "";
  const std::string resumed = trained ? hash_of(run, "./resumed") : "";
  const std::string ranks = launcher.empty() ? "1 rank" : "2 ranks";
  if (straight.empty() || resumed.empty()) {
    saving = {"save and load", Verdict::fail, run.problem};
  } else if (straight != resumed) {
    saving = {
        "save and load", Verdict::fail,
        fmt::format("a run that was saved and went on with {} has other weights ({}) than one "
                    "without a stop ({})",
                    ranks, resumed, straight)};
  } else {
    saving.found = fmt::format("saved after 12 steps and gone on with {}: the same bits", ranks);
  }
}

}  // namespace

SmallTraining train_small(const fs::path& folder, const std::vector<std::string>& launcher) {
  SmallTraining result{{{"training"}, {"save and load"}}, folder / "resumed", folder / "straight"};
  Check &training = result.checks[0], &saving = result.checks[1];
  durable::replace_file(folder / "corpus.jsonl", corpus());
  durable::replace_file(folder / "config.toml", config);
  Runner run{folder};
  const auto train = [](const char* run_folder, const char* steps) {
    return std::vector<std::string>{"train",   "./config.toml",
                                    "--set",   "data.dataset=./data",
                                    "--set",   std::string("run.directory=./") + run_folder,
                                    "--set",   std::string("train.steps=") + steps,
                                    "--resume"};
  };
  const bool trained = run({}, {"prepare", "./corpus.jsonl", "--output", "./data", "--tokenizer",
                                "bytes", "--dedup", "exact"}) &&
                       run({}, train("straight", "24"));
  if (!trained) {
    training = {"training", Verdict::fail, run.problem};
    saving = {"save and load", Verdict::not_checked, "nothing was trained"};
    return result;
  }
  const std::vector<double> losses = losses_of(result.straight);
  const bool falls = losses.size() == 24 && losses.back() < losses.front() - 0.5;
  training.verdict = falls ? Verdict::ok : Verdict::fail;
  training.found = losses.empty() ? "the run has no losses"
                                  : fmt::format("the loss {} from {:.3f} to {:.3f} in {} steps",
                                                falls ? "fell" : "did not fall as it should,",
                                                losses.front(), losses.back(), losses.size());
  check_saving(run, train("resumed", "24"), launcher, saving);
  return result;
}

}  // namespace switchyard::smoke
