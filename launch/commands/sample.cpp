#include "train/sample.h"

#include <fmt/format.h>

#include <cstdio>

#include "launch/commands/command.h"
#include "launch/ranks.h"
#include "launch/restored_model.h"

namespace switchyard {
namespace {

// Prints what each new token adds to the text. A token may end within a character or change the
// space before it, so the text is decoded from its start, and an unfinished character waits for its
// other bytes.
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
    app_ = program.add_subcommand("sample", "Let a trained model write");
    app_->add_option("CHECKPOINT", path_,
                     "A checkpoint, or a run directory for its newest good one")
        ->required();
    app_->add_option("--prompt", prompt_, "The text to go on from")->required();
    app_->add_option("--max-tokens", config_.max_tokens, "Stop after so many")
        ->capture_default_str()
        ->check(CLI::Range(1, 1'000'000));
    app_->add_option("--temperature", config_.temperature, "0: always the likeliest token")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 100.0));
    app_->add_option("--top-k", config_.top_k, "Choose among the k likeliest tokens; 0: among all")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    app_->add_option("--seed", config_.seed, "The same seed gives the same text")
        ->capture_default_str();
    app_->footer(
        "  switchyard sample runs/quickstart --prompt \"The function returns\"\n"
        "  mpirun -n 2 switchyard sample runs/quickstart --prompt \"# \" --temperature 0\n\n"
        "The text goes to stdout, the prompt included. Nothing but the checkpoint is needed.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return sample(std::move(world)); });
  }

 private:
  Exit sample(std::unique_ptr<Comm> world) const {
    const bool prints = world->rank() == 0;
    RestoredModel restored(path_, std::move(world));
    const Tokenizer& tokenizer = restored.tokenizer();
    std::vector<std::int32_t> prompt = {tokenizer.boundary()};
    for (const std::int32_t token : tokenizer.encode(prompt_)) prompt.push_back(token);
    if (prints) fmt::print("{}", prompt_);
    TextStream text(tokenizer, prompt);
    generate(restored.model(), prompt, restored.config().data.sequence_length, tokenizer.boundary(),
             config_, restored.stream(), [&](std::int32_t token) {
               if (prints) text.add(token);
             });
    if (prints) fmt::print("\n");
    return Exit::done;
  }

  std::string path_, prompt_;
  SampleConfig config_;
};

}  // namespace

std::unique_ptr<Command> make_sample_command(CLI::App& program) {
  return std::make_unique<SampleCommand>(program);
}

}  // namespace switchyard
