#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/files/durable.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/host/ranks.h"
#include "launch/score/request_file.h"
#include "launch/score/score_run.h"
#include "launch/score/task_results.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

class ScoreCommand : public Command {
 public:
  explicit ScoreCommand(CLI::App& program) {
    app_ = program.add_subcommand("score", "Measure a model on benchmarks, as lm-eval does");
    app_->add_option("CHECKPOINT", path_,
                     "A checkpoint, or a run directory for its newest good one")
        ->required();
    add_run_sets(*app_, sets_);
    add_tasks();
    add_requests();
    app_->add_option("--max-length", score_.max_length,
                     "The most tokens that the model reads of a text, whose beginning is cut; by "
                     "default as many as in training")
        ->check(CLI::Range(1, 1 << 30));
    app_->add_option("--batch-tokens", score_.batch_tokens,
                     "Tokens that a rank computes at a time; by default those of a micro-batch of "
                     "the training. They change time and memory, and no score")
        ->check(CLI::Range(1, 1 << 24));
    app_->footer(
        "  switchyard score runs/quickstart --task hellaswag=hellaswag.jsonl --task "
        "piqa=piqa.jsonl\n"
        "  mpirun -n 4 switchyard score runs/big --task mmlu=mmlu/ --few-shot 5 --json\n"
        "  switchyard score runs/big --requests requests.jsonl --output scores.jsonl\n\n"
        "The tasks are hellaswag, arc_easy, arc_challenge, piqa, openbookqa, boolq, winogrande,\n"
        "mmlu, lambada_openai and lambada_standard, with the prompts and figures of lm-eval "
        "0.4.13\n"
        "(docs/score.md). Their files are JSON lines with the fields that the datasets have at\n"
        "Hugging Face. A request is {\"context\": TEXT, \"continuation\": TEXT} and its answer\n"
        "{\"logprob\": NATS, \"greedy\": BOOL, \"tokens\": COUNT}; or {\"text\": TEXT}, for the\n"
        "log-probability of a whole text. On CPUs scores have the same bits on any number of "
        "ranks.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return score(std::move(world)); });
  }

 private:
  CLI::Option* add_pairs(const char* name, std::vector<std::string>& words, const char* text) {
    return app_->add_option(name, words, text)
        ->type_name("NAME=FILE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  void add_tasks() {
    CLI::Option* task = add_pairs(
        "--task", task_words_, "A benchmark and the file of its rows; may be given several times");
    add_pairs("--shots", shot_words_, "The file of a task's rows to show before each question")
        ->needs(task);
    app_->add_option("--few-shot", tasks_.few_shot, "How many of them to show, from the first on")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000))
        ->needs(task);
    app_->add_option("--limit", tasks_.limit,
                     "Use only the first rows of each task, or subject of MMLU, this many")
        ->check(CLI::Range(1, 1 << 30))
        ->needs(task);
    app_->add_option("--samples", samples_, "Write the scores of each row into this file")
        ->type_name("FILE")
        ->needs(task);
    app_->add_flag("--json", json_, "Print one JSON object")->needs(task);
  }

  void add_requests() {
    CLI::Option* requests =
        app_->add_option("--requests", requests_, "A file of requests to answer instead")
            ->type_name("FILE");
    app_->add_option("--output", output_,
                     "The file of the answers, a JSON line for each; else the standard output")
        ->type_name("FILE")
        ->needs(requests);
  }

  static std::map<std::string, std::filesystem::path> by_name(const std::vector<std::string>& words,
                                                              const char* option) {
    std::map<std::string, std::filesystem::path> files;
    for (const std::string& word : words) {
      const std::size_t equals = word.find('=');
      require(equals != std::string::npos && equals > 0 && equals + 1 < word.size(), Exit::usage,
              "{} takes NAME=FILE, got {}", option, word);
      const bool is_new = files.emplace(word.substr(0, equals), word.substr(equals + 1)).second;
      require(is_new, Exit::usage, "{} names {} twice", option, word.substr(0, equals));
    }
    return files;
  }

  // What is asked, on rank 0 alone.
  void read() {
    tasks_.files = by_name(task_words_, "--task");
    tasks_.shots = by_name(shot_words_, "--shots");
    require(tasks_.files.empty() != requests_.empty(), Exit::usage,
            "score needs either --task NAME=FILE or --requests FILE");
    if (requests_.empty()) {
      run_.emplace(tasks::read_tasks(tasks_));
    } else {
      request_file_.emplace(requests_);
    }
  }

  Exit score(std::unique_ptr<Comm> world) {
    on_root(*world, [&] { read(); });
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& ranks = *restored.mesh().world;
    std::vector<ScoreRequest> requests;
    on_root(ranks, [&] {
      max_length_ = tasks::max_length_of(restored.config(), score_);
      tasks::RequestEncoder encoder(restored.tokenizer(), max_length_);
      requests = run_ ? run_->encode(encoder) : request_file_->encode(encoder);
    });
    const auto start = std::chrono::steady_clock::now();
    const Scored scored = tasks::score_on_ranks(restored, score_, std::move(requests));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    on_root(ranks, [&] {
      run_ ? report(scored, restored.checkpoint()) : answer(scored);
      fmt::print(stderr, "{} tokens, {} of them computed, in {:.2f} s: {:.0f} tokens/s\n",
                 scored.num_tokens, scored.num_computed, seconds.count(),
                 static_cast<double>(scored.num_computed) / seconds.count());
    });
    return Exit::done;
  }

  void answer(const Scored& scored) const {
    const std::string lines = request_file_->answers(scored.scores);
    if (output_.empty()) {
      fmt::print("{}", lines);
    } else {
      durable::replace_file(output_, lines);
    }
    warn(request_file_->num_joined(), request_file_->num_cut(), "requests");
  }

  void report(const Scored& scored, const CheckpointReader& checkpoint) const {
    const std::vector<tasks::TaskResult> results = run_->results(scored.scores);
    if (json_) {
      const Json found = {{"checkpoint", checkpoint.folder().string()},
                          {"step", checkpoint.step()},
                          {"few_shot", tasks_.few_shot},
                          {"limit", tasks_.limit < 0 ? Json(nullptr) : Json(tasks_.limit)},
                          {"max_length", max_length_},
                          {"tasks", tasks::json_of(results)}};
      fmt::print("{}\n", found.dump(2));
    } else {
      fmt::print("checkpoint  {}\n{}", checkpoint.folder().string(), tasks::table_of(results));
    }
    if (!samples_.empty()) durable::replace_file(samples_, run_->samples(scored.scores));
    for (const tasks::TaskResult& result : results) {
      if (!result.is_group) warn(result.joined, result.cut, result.name);
    }
  }

  void warn(std::int64_t joined, std::int64_t cut, const std::string& what) const {
    if (joined > 0) {
      fmt::print(stderr, "{}: in {} a token spans the end of the context and the continuation\n",
                 what, counted(joined, "request"));
    }
    if (cut > 0) {
      fmt::print(stderr, "{}: {} longer than {} tokens lost the beginning\n", what,
                 counted(cut, "request"), max_length_);
    }
  }

  std::vector<std::string> sets_, task_words_, shot_words_;
  std::string path_, requests_, output_, samples_;
  bool json_ = false;
  tasks::TaskOptions tasks_;
  tasks::ScoreOptions score_;
  std::int64_t max_length_ = 0;
  std::optional<tasks::TaskRun> run_;
  std::optional<tasks::RequestFile> request_file_;
};

}  // namespace

std::unique_ptr<Command> make_score_command(CLI::App& program) {
  return std::make_unique<ScoreCommand>(program);
}

}  // namespace switchyard
