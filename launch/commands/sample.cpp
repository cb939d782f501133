#include "train/inference/sample.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/files/durable.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/commands/prompts.h"
#include "launch/host/ranks.h"
#include "runtime/comm/agree.h"

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
                     "A checkpoint, a model folder, or a run directory for its newest good "
                     "checkpoint")
        ->required();
    add_run_sets(*app_, sets_);
    add_prompts();
    add_choices();
    app_->add_flag("--json", json_,
                   "Print a JSON object on a line for each text: prompt, sample, text, tokens, "
                   "stopped (end_of_document or max_tokens), filled_context");
    app_->footer(
        "  switchyard sample runs/quickstart --prompt \"The function returns\"\n"
        "  mpirun -n 2 switchyard sample runs/quickstart --prompt \"# \" --temperature 0\n"
        "  switchyard sample runs/quickstart --prompts questions.txt --top-p 0.9 --json\n"
        "  switchyard sample runs/filler --fill \"def add(a, b):\" \"return c\"\n"
        "  head questions.txt | switchyard sample runs/quickstart --prompts -\n\n"
        "The text goes to stdout, with the prompt; tokens per second and why it stopped go to\n"
        "stderr. The command needs nothing but the checkpoint. A text depends on its number and\n"
        "the seed, not on the texts that are generated with it.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return sample(std::move(world)); });
  }

 private:
  static constexpr std::size_t texts_at_once = 16;  // a tile of rows: more take longer

  struct Totals {
    std::size_t tokens = 0, ended = 0, filled_context = 0;
  };

  void add_prompts() {
    CLI::Option* prompt =
        app_->add_option("--prompt", prompts_, "A text to continue; may be given several times")
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app_->add_option("--prompts", prompt_file_,
                     "A file with a text to continue on each line; - is the standard input")
        ->type_name("FILE")
        ->excludes(prompt);
    CLI::Option* fill =
        app_->add_option("--fill", fill_,
                         "Fill in what is between PREFIX and SUFFIX, by a model that was trained "
                         "with data.fill_in_middle")
            ->expected(2)
            ->type_name("PREFIX SUFFIX")
            ->excludes(prompt);
    app_->add_option("--fill-file", fill_file_,
                     "The same for a file, whose text has the marker <FILL> at that place")
        ->type_name("FILE")
        ->excludes(prompt)
        ->excludes(fill);
    app_->add_option("--samples", num_samples_,
                     "Number of texts to generate in parallel for each prompt; several texts are "
                     "printed after headings")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
  }

  void add_choices() {
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
    app_->add_option("--top-p", config_.top_p,
                     "Choose among the fewest most likely tokens whose probabilities add up to "
                     "this; 1: among all")
        ->capture_default_str()
        ->check(CLI::Range(1e-9, 1.0));
    app_->add_option("--seed", config_.seed, "The same seed gives the same text")
        ->capture_default_str();
  }

  Exit sample(std::unique_ptr<Comm> world) const {
    const bool prints = world->rank() == 0;
    std::vector<std::string> prompts = gather_prompts(*world);
    RestoredModel restored(path_, sets_, std::move(world));
    std::optional<FillPrompt> fill;
    if (fills()) {
      fill = fill_prompt(restored, prompts[0], prompts[1]);
      prompts.resize(1);
    }
    const std::size_t count = prompts.size() * num_samples_;
    const std::size_t at_once = std::max(num_samples_, texts_at_once);
    Totals totals;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t first = 0; first < count; first += at_once) {
      write_texts(restored, prompts, fill, first, std::min(count, first + at_once), prints, totals);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (prints) say_how_it_went(totals, count, seconds.count(), restored.config());
    return Exit::done;
  }

  // Collective: only rank 0 has the standard input.
  std::vector<std::string> gather_prompts(Comm& world) const {
    std::string lines;
    on_root(world, [&] {
      require(!prompts_.empty() || !prompt_file_.empty() || fills(), Exit::usage,
              "name the text to continue with --prompt TEXT or --prompts FILE, or that to fill in "
              "with --fill");
      if (!prompt_file_.empty()) lines = read_lines(prompt_file_);
      if (!fill_file_.empty()) lines = durable::read_file(fill_file_, largest_fill);
    });
    if (!prompts_.empty()) return prompts_;
    if (!fill_.empty()) return fill_;
    if (!fill_file_.empty()) {
      lines = broadcast_text(world, lines, 0);
      std::vector<std::string> parts;
      agree(world, [&] { parts = parts_around_marker(lines, fill_file_); });
      return parts;
    }
    std::istringstream in(broadcast_text(world, lines, 0));
    std::vector<std::string> prompts;
    for (std::string line; std::getline(in, line);) prompts.push_back(line);
    return prompts;
  }

  // Generates the texts [first, end), of which each prompt has num_samples_.
  void write_texts(RestoredModel& restored, const std::vector<std::string>& prompts,
                   const std::optional<FillPrompt>& fill, std::size_t first, std::size_t end,
                   bool prints, Totals& totals) const {
    const Tokenizer& tokenizer = restored.tokenizer();
    std::vector<Tokens> begun;
    for (std::size_t i = first; i < end; ++i) {
      begun.push_back({tokenizer.boundary()});
      const Tokens prompt = tokenizer.encode(prompts[i / num_samples_]);
      begun.back().insert(begun.back().end(), prompt.begin(), prompt.end());
    }
    const std::size_t count = prompts.size() * num_samples_;
    const bool streams = prints && count == 1 && !json_ && !fill;
    if (streams) fmt::print("{}", prompts.front());
    TextStream stream(tokenizer, begun.front());
    SampleConfig config = config_;
    config.num_ids = tokenizer.vocabulary();
    config.first_text = first;
    if (fill) config.max_tokens = std::min(config.max_tokens, fill->room);
    const std::vector<Tokens> filled(begun.size(), fill ? fill->tokens : Tokens());
    const std::vector<SampledText> texts = generate(
        restored.model(), fill ? filled : begun, restored.config().data.sequence_length,
        tokenizer.boundary(), config, restored.stream(), [&](std::size_t, std::int32_t token) {
          if (streams) stream.add(token);
        });
    if (streams) fmt::print("\n");
    for (std::size_t i = 0; i < texts.size(); ++i) {
      totals.tokens += texts[i].tokens.size();
      totals.ended += texts[i].ended ? 1 : 0;
      totals.filled_context += texts[i].filled_context ? 1 : 0;
      if (!prints || streams) continue;
      print(tokenizer, begun[i], texts[i], prompts[(first + i) / num_samples_],
            fill ? fill->suffix : "", first + i, count);
    }
    if (prints) std::fflush(stdout);  // on a terminal the text comes before the speed
  }

  void print(const Tokenizer& tokenizer, Tokens whole, const SampledText& text,
             const std::string& prompt, const std::string& suffix, std::size_t number,
             std::size_t count) const {
    const std::size_t begin = tokenizer.decode(whole).size();
    whole.insert(whole.end(), text.tokens.begin(), text.tokens.end());
    const std::string decoded = tokenizer.decode(whole);
    if (!json_) {
      if (count > 1) fmt::print("== {} of {}\n", number + 1, count);
      fmt::print("{}{}\n", decoded, suffix);
      return;
    }
    nlohmann::ordered_json line = {{"prompt", prompt},
                                   {"sample", number % num_samples_ + 1},
                                   {"text", decoded.substr(std::min(begin, decoded.size()))},
                                   {"tokens", text.tokens.size()},
                                   {"stopped", text.ended ? "end_of_document" : "max_tokens"},
                                   {"filled_context", text.filled_context}};
    if (fills()) line["suffix"] = suffix;
    // Bytes that are no UTF-8, such as half a character at the end, become U+FFFD.
    fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }

  void say_how_it_went(const Totals& totals, std::size_t count, double seconds,
                       const Config& config) const {
    fmt::print(stderr, "{} tokens in {:.2f} s: {:.1f} tokens/s\n", totals.tokens, seconds,
               static_cast<double>(totals.tokens) / seconds);
    const auto say_of = [&](std::size_t texts, const std::string& what) {
      if (texts == 0) return;
      fmt::print(stderr, "{} {}\n",
                 count == 1 ? "the text" : fmt::format("{} of {} texts", texts, count), what);
    };
    say_of(totals.ended, "stopped at the end of the document");
    say_of(count - totals.ended, fmt::format("stopped after --max-tokens {}", config_.max_tokens));
    say_of(totals.filled_context,
           fmt::format("filled the context of {} tokens: from there on the model saw only the "
                       "later half",
                       config.data.sequence_length));
  }

  bool fills() const { return !fill_.empty() || !fill_file_.empty(); }

  std::vector<std::string> sets_, prompts_, fill_;
  std::string path_, prompt_file_, fill_file_;
  std::size_t num_samples_ = 1;
  bool json_ = false;
  SampleConfig config_;
};

}  // namespace

std::unique_ptr<Command> make_sample_command(CLI::App& program) {
  return std::make_unique<SampleCommand>(program);
}

}  // namespace switchyard
