#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <numbers>

#include "io/loader/loader.h"
#include "io/loader/row_table_writer.h"
#include "io/tokens/token_reader.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "train/inference/evaluate.h"

namespace switchyard {
namespace {

constexpr const char* split = "validation";
constexpr std::int64_t piece_tokens = 1 << 16;

// Bytes of the text that the split's tokens encode, document by document.
std::int64_t num_text_bytes(const TokenStore& store, const Tokenizer& tokenizer) {
  TokenReader reader(store, split);
  std::int64_t bytes = 0;
  std::vector<std::int32_t> piece, document;
  for (std::int64_t begin = 0, end = reader.num_tokens(); begin < end; begin += std::ssize(piece)) {
    piece.resize(static_cast<std::size_t>(std::min(piece_tokens, end - begin)));
    reader.read(begin, piece);
    for (const std::int32_t token : piece) {
      if (token == tokenizer.boundary()) {
        bytes += std::ssize(tokenizer.decode(document));
        document.clear();
      }
      document.push_back(token);
    }
  }
  return bytes + std::ssize(tokenizer.decode(document));
}

class EvaluateCommand : public Command {
 public:
  explicit EvaluateCommand(CLI::App& program) {
    app_ = program.add_subcommand("evaluate", "Measure a checkpoint on held-out documents");
    app_->add_option("CHECKPOINT", path_,
                     "A checkpoint, or a run directory for its newest good one")
        ->required();
    add_run_sets(*app_, sets_);
    app_->add_option("--dataset", dataset_,
                     "A dataset other than the run's, made with the same tokenizer");
    app_->footer(
        "  switchyard evaluate runs/quickstart\n"
        "  mpirun -n 2 switchyard evaluate runs/quickstart/checkpoints/step-00000300-a0001\n"
        "  switchyard evaluate runs/quickstart --dataset data/other\n\n"
        "Prints the mean cross-entropy per token of the validation split in nats,\n"
        "its exponential (perplexity), and bits per byte of text, which compares models with\n"
        "different tokenizers. Tokens per second go to stderr.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return evaluate(std::move(world)); });
  }

 private:
  Exit evaluate(std::unique_ptr<Comm> world) const {
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& ranks = *restored.mesh().world;
    std::optional<TokenStore> store;
    std::optional<Loader> loader;
    agree(ranks, [&] {
      store.emplace(dataset_.empty() ? restored.config().data.dataset : dataset_);
      check_same_tokenizer(restored.checkpoint(), *store);
    });
    Loader::Layout layout = loader_layout(restored.config(), ranks);
    layout.weights.clear();  // every held-out document counts once
    const std::filesystem::path run =
        std::filesystem::absolute(restored.checkpoint().folder()).parent_path().parent_path();
    const std::filesystem::path rows = prepare_rows(*store, layout.sequence_length, run, ranks);
    agree(ranks, [&] { loader.emplace(*store, rows, split, layout); });
    const auto start = std::chrono::steady_clock::now();
    const double loss =
        switchyard::evaluate(restored.model(), restored.mesh(), *loader, restored.stream());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    on_root(ranks, [&] { print(loss, seconds.count(), *store, restored); });
    return Exit::done;
  }

  static void print(double loss, double seconds, const TokenStore& store,
                    const RestoredModel& restored) {
    const std::int64_t tokens = store.num_tokens(split);  // each of them a target once
    const std::int64_t bytes = num_text_bytes(store, restored.tokenizer());
    const double bits = loss * static_cast<double>(tokens) / std::numbers::ln2;
    fmt::print("checkpoint       {}\n", restored.checkpoint().folder().string());
    fmt::print("documents        {}\n", store.num_documents(split));
    fmt::print("tokens           {}\n", tokens);
    fmt::print("validation loss  {}\n", loss);
    fmt::print("perplexity       {:.4g}\n", std::exp(loss));
    fmt::print("bits per byte    {:.4f}\n", bits / static_cast<double>(bytes));
    fmt::print(stderr, "{} tokens in {:.2f} s: {:.0f} tokens/s\n", tokens, seconds,
               static_cast<double>(tokens) / seconds);
  }

  std::vector<std::string> sets_;
  std::string path_, dataset_;
};

}  // namespace

std::unique_ptr<Command> make_evaluate_command(CLI::App& program) {
  return std::make_unique<EvaluateCommand>(program);
}

}  // namespace switchyard
