#include "train/inference/sample.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"

namespace switchyard {
namespace {

// Prints what each new token adds to the text. A token may end within a character or change the
// space before it, so the text is decoded from its start, and an unfinished character is printed
// once its other bytes have come.
class TextStream {
 public:
  TextStream(const Tokenizer& tokenizer, std::vector<std::int32_t> prompt)
      : tokenizer_(tokenizer),
        tokens_(std::move(prompt)),
        printed_(tokenizer.decode(tokens_).size()) {}

  void add(std::int32_t token) {
    tokens_.push_back(token);
    const std::string text = tokenizer_.decode(tokens_);
    const std::size_t end = text.size() - unfinished(text);
    if (end <= printed_) return;
    fmt::print("{}", std::string_view(text).substr(printed_, end - printed_));
    std::fflush(stdout);
    printed_ = end;
  }

 private:
  // Bytes at the end that begin a UTF-8 character without finishing it.
  static std::size_t unfinished(std::string_view text) {
    for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
      const auto byte = static_cast<unsigned char>(text[text.size() - back]);
      if (byte < 0x80U) return 0;
      if (byte < 0xC0U) continue;
      const std::size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : 2;
      return back < length ? back : 0;
    }
    return 0;
  }

  const Tokenizer& tokenizer_;
  std::vector<std::int32_t> tokens_;
  std::size_t printed_;
};

class SampleCommand : public Command {
 public:
  explicit SampleCommand(CLI::App& program) {
    app_ = program.add_subcommand("sample", "Generate text with a trained model");
    app_->add_option("CHECKPOINT", path_,
                     "A checkpoint, or a run directory for its newest good one")
        ->required();
    add_run_sets(*app_, sets_);
    app_->add_option("--prompt", prompt_, "The text to continue")->required();
    app_->add_option("--max-tokens", config_.max_tokens, "Stop after this many tokens")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app_->add_option("--temperature", config_.temperature, "0: always the most likely token")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 100.0));
    app_->add_option("--top-k", config_.top_k,
                     "Choose among the k most likely tokens; 0: among all")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app_->add_option("--samples", num_samples_,
                     "Number of texts to generate in parallel, each after a heading")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app_->add_option("--seed", config_.seed, "The same seed gives the same text")
        ->capture_default_str();
    app_->footer(
        "  switchyard sample runs/quickstart --prompt \"The function returns\"\n"
        "  mpirun -n 2 switchyard sample runs/quickstart --prompt \"# \" --temperature 0\n\n"
        "The text goes to stdout, with the prompt, tokens per second to stderr. The command\n"
        "needs nothing but the checkpoint.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return sample(std::move(world)); });
  }

 private:
  Exit sample(std::unique_ptr<Comm> world) const {
    const bool prints = world->rank() == 0;
    RestoredModel restored(path_, sets_, std::move(world));
    const Tokenizer& tokenizer = restored.tokenizer();
    std::vector<std::int32_t> prompt = {tokenizer.boundary()};
    for (const std::int32_t token : tokenizer.encode(prompt_)) prompt.push_back(token);
    const bool one = num_samples_ == 1;
    if (prints && one) fmt::print("{}", prompt_);
    TextStream text(tokenizer, prompt);
    const auto start = std::chrono::steady_clock::now();
    const std::vector<Tokens> texts =
        generate(restored.model(), std::vector<Tokens>(num_samples_, prompt),
                 restored.config().data.sequence_length, tokenizer.boundary(), config_,
                 restored.stream(), [&](std::size_t, std::int32_t token) {
                   if (prints && one) text.add(token);
                 });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (!prints) return Exit::done;
    if (one) fmt::print("\n");
    if (!one) print_all(tokenizer, texts);
    std::fflush(stdout);  // on a terminal the text comes before the speed
    std::size_t tokens = 0;
    for (const Tokens& generated : texts) tokens += generated.size();
    fmt::print(stderr, "{} tokens in {:.2f} s: {:.1f} tokens/s\n", tokens, seconds.count(),
               static_cast<double>(tokens) / seconds.count());
    return Exit::done;
  }

  void print_all(const Tokenizer& tokenizer, const std::vector<Tokens>& texts) const {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Tokens whole = tokenizer.encode(prompt_);
      whole.insert(whole.end(), texts[i].begin(), texts[i].end());
      fmt::print("== {} of {}\n{}\n", i + 1, texts.size(), tokenizer.decode(whole));
    }
  }

  std::vector<std::string> sets_;
  std::string path_, prompt_;
  std::size_t num_samples_ = 1;
  SampleConfig config_;
};

}  // namespace

std::unique_ptr<Command> make_sample_command(CLI::App& program) {
  return std::make_unique<SampleCommand>(program);
}

}  // namespace switchyard
