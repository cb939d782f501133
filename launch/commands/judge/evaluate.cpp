#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "io/loader/loader.h"
#include "io/text/escape.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/commands/judge/evaluate_suite.h"
#include "launch/host/ranks.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "train/inference/evaluate.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

// What there is to say about `tokens` tokens with this mean loss. text_bytes: of the text as it was
// before the tokenizer, which may lose some of it; null if it is unknown.
Json figures_of(std::int64_t tokens, const Json& text_bytes, double loss) {
  const double bits = loss * static_cast<double>(tokens) / std::numbers::ln2;
  Json figures = {{"tokens", tokens},
                  {"text_bytes", text_bytes},
                  {"loss", loss},
                  {"perplexity", std::exp(loss)},
                  {"bits_per_byte", nullptr}};
  if (text_bytes.is_number() && text_bytes > 0) {
    figures["bits_per_byte"] = bits / text_bytes.get<double>();
  }
  return figures;
}

// Sources of one name are one here.
Json text_bytes_of(const TokenStore& store, const std::string& split, const std::string& source) {
  const std::vector<SourceCounts>& counts = store.source_counts(split);
  if (counts.empty()) return nullptr;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (store.sources()[i] == source) bytes += counts[i].text_bytes;
  }
  return bytes;
}

// targets: how many tokens have a loss. With prompts, the bytes of what has a loss are unknown.
Json describe(const Evaluation& evaluation, const TokenStore& store, const std::string& split,
              std::int64_t targets, const CheckpointReader& checkpoint) {
  const bool whole = targets == store.num_tokens(split);
  const auto step = checkpoint.known_step();
  Json found = {{"checkpoint", checkpoint.folder().string()},
                {"step", step ? Json(*step) : Json()},
                {"dataset", store.dataset().string()},
                {"split", split},
                {"documents", store.num_documents(split)}};
  const std::optional<std::int64_t> text_bytes = store.num_text_bytes(split);
  found.update(figures_of(targets, text_bytes && whole ? Json(*text_bytes) : Json(nullptr),
                          evaluation.loss));
  if (!whole) found["loss_on"] = name_of(LossOn::response);
  found["sources"] = Json::array();
  for (const SourceLoss& source : evaluation.sources) {
    Json entry = {{"source", source.source}};
    entry.update(figures_of(source.num_targets,
                            whole ? text_bytes_of(store, split, source.source) : Json(nullptr),
                            source.loss));
    found["sources"].push_back(std::move(entry));
  }
  return found;
}

std::string bits_text(const Json& bits_per_byte) {
  return bits_per_byte.is_null() ? "unknown" : fmt::format("{:.4f}", bits_per_byte.get<double>());
}

void print(const Json& found) {
  fmt::print("checkpoint       {}\n", found.at("checkpoint").get<std::string>());
  fmt::print("documents        {}\n", found.at("documents").get<std::int64_t>());
  fmt::print("tokens           {}\n", found.at("tokens").get<std::int64_t>());
  fmt::print("{:<15}  {}\n", found.at("split").get<std::string>() + " loss",
             found.at("loss").get<double>());
  fmt::print("perplexity       {:.4g}\n", found.at("perplexity").get<double>());
  fmt::print("bits per byte    {}\n", bits_text(found.at("bits_per_byte")));
  if (found.at("sources").size() < 2) return;
  for (const Json& source : found.at("sources")) {
    fmt::print("source {}: loss {:.4f} over {} tokens, bits per byte {}\n",
               terminal_text(source.at("source").get<std::string>()),
               source.at("loss").get<double>(), source.at("tokens").get<std::int64_t>(),
               bits_text(source.at("bits_per_byte")));
  }
}

class EvaluateCommand : public Command {
 public:
  explicit EvaluateCommand(CLI::App& program) {
    app_ =
        program.add_subcommand("evaluate", "Measure a checkpoint or a model on held-out documents");
    app_->add_option("CHECKPOINT", path_,
                     "A checkpoint, a model folder, or a run directory for its newest good "
                     "checkpoint")
        ->required();
    add_run_sets(*app_, sets_);
    app_->add_option("--dataset", dataset_,
                     "A dataset other than the run's, made with the same tokenizer; a model folder "
                     "names none");
    app_->add_option("--split", split_, "The documents to measure on")
        ->capture_default_str()
        ->check(CLI::IsMember({"validation", "train"}));
    app_->add_flag("--json", json_, "Print one JSON object");
    CLI::Option* suite = app_->add_option("--suite", suite_.suite,
                                          "Judge the model on the tasks of this TOML file instead")
                             ->type_name("FILE");
    app_->add_option("--against", suite_.against,
                     "What the suite's gates call previous: a model, or the results of one")
        ->type_name("MODEL")
        ->needs(suite);
    app_->add_option("--output", suite_.output, "Keep the results of the suite in this new folder")
        ->type_name("FOLDER")
        ->needs(suite);
    app_->footer(
        "  switchyard evaluate runs/quickstart\n"
        "  mpirun -n 2 switchyard evaluate runs/quickstart/checkpoints/step-00000300-a0001\n"
        "  switchyard evaluate runs/quickstart --dataset data/other --json\n"
        "  switchyard evaluate runs/quickstart --suite examples/suites/quick.toml --output "
        "results/today\n\n"
        "Prints the mean cross-entropy per token of the held-out documents in nats, its\n"
        "exponential (perplexity), and bits per byte of the text before it became tokens, which\n"
        "compares models with different tokenizers; and the loss of each source. Tokens per\n"
        "second go to stderr. It writes nothing into the run or the dataset. With a suite\n"
        "(docs/evaluate.md) it exits with 8 if a gate of the suite says no.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) {
      if (suite_.suite.empty()) return evaluate(std::move(world));
      require(dataset_.empty(), Exit::usage,
              "a suite names its datasets itself: leave out --dataset, or --suite");
      suite_.model = path_;
      suite_.sets = sets_;
      suite_.json = json_;
      return evaluate_suite(suite_, std::move(world));
    });
  }

 private:
  Exit evaluate(std::unique_ptr<Comm> world) const {
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& ranks = *restored.mesh().world;
    std::optional<TokenStore> store;
    std::optional<Loader> loader;
    agree(ranks, [&] {
      store.emplace(dataset_.empty() ? dataset_of(restored.checkpoint())
                                     : std::filesystem::path(dataset_));
      check_same_tokenizer(restored.checkpoint(), *store);
      require(store->num_tokens(split_) > 0, Exit::data,
              "{} has no {} document: name another --split, or prepare a dataset with "
              "--validation-fraction 1 to hold all of it out",
              store->dataset().string(), split_);
      loader.emplace(*store, /*rows_folder=*/"", split_, held_out_layout(restored.config(), ranks));
    });
    const auto start = std::chrono::steady_clock::now();
    const Evaluation evaluation =
        switchyard::evaluate(restored.model(), restored.mesh(), *loader, restored.stream());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    on_root(ranks,
            [&] { report(evaluation, seconds.count(), *store, *loader, restored.checkpoint()); });
    return Exit::done;
  }

  void report(const Evaluation& evaluation, double seconds, const TokenStore& store,
              const Loader& loader, const CheckpointReader& checkpoint) const {
    const Json found = describe(evaluation, store, split_, loader.num_pass_targets(), checkpoint);
    json_ ? fmt::print("{}\n", found.dump(2)) : print(found);
    if (found.contains("loss_on")) {
      fmt::print(stderr,
                 "the losses are of responses alone (data.loss_on), so that bits per byte are "
                 "unknown\n");
    } else if (found.at("bits_per_byte").is_null()) {
      fmt::print(stderr,
                 "bits per byte are unknown: {} was prepared before datasets recorded the bytes of "
                 "their text; prepare it again\n",
                 store.dataset().string());
    }
    const nlohmann::json::json_pointer place("/dataset/hash");
    if (dataset_.empty() && checkpoint.meta().value(place, nlohmann::json()) != store.hash()) {
      fmt::print(stderr,
                 "{} has changed since the run trained on it, by --append or otherwise: the losses "
                 "of the run were of other documents\n",
                 store.dataset().string());
    }
    const std::int64_t tokens = loader.num_tokens();
    fmt::print(stderr, "{} tokens in {:.2f} s: {:.0f} tokens/s\n", tokens, seconds,
               static_cast<double>(tokens) / seconds);
  }

  std::vector<std::string> sets_;
  std::string path_, dataset_, split_ = "validation";
  bool json_ = false;
  SuiteCommand suite_;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command(CLI::App& program) {
  return std::make_unique<EvaluateCommand>(program);
}

}  // namespace switchyard
