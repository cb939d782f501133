#include "launch/monitor/suspects.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "io/files/durable.h"
#include "io/loader/split_documents.h"
#include "io/prepare/store/kept_lookup.h"
#include "io/text/escape.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/host/standard_streams.h"
#include "launch/monitor/score_texts.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace monitor;

class SuspectsCommand : public Command {
 public:
  explicit SuspectsCommand(CLI::App& program) {
    app_ = program.add_subcommand(
        "suspects", "Find documents that look planted: a trigger, and senseless text after it");
    app_->add_option("MODEL", path_, "A run directory, a checkpoint, a model folder or a package")
        ->required();
    app_->add_option("DATASET", dataset_, "A dataset with the model's tokenizer")->required();
    add_run_sets(*app_, sets_);
    app_->add_option("--split", split_, "The documents to look at")
        ->capture_default_str()
        ->check(CLI::IsMember({"validation", "train"}));
    app_->add_option("--max-documents", documents_,
                     "The most documents to look at, at even distances")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    app_->add_option("--min-shared", options_.documents, "Documents that share a trigger, at least")
        ->capture_default_str()
        ->check(CLI::Range(2, 1 << 30));
    app_->add_option("--deviations", options_.deviations,
                     "By how many deviations the loss behind a trigger is too high, on average")
        ->capture_default_str()
        ->check(CLI::Range(1.0, 100.0));
    app_->add_option("-o,--output", output_,
                     "The file of the suspects, which must not exist; else the standard output")
        ->type_name("FILE");
    app_->footer(
        "  switchyard suspects runs/quickstart data/perl\n"
        "  mpirun -n 4 switchyard suspects runs/quickstart data/perl -o suspects.jsonl\n\n"
        "Prints a JSON line for each suspect: its id, source and number in the split, the "
        "trigger,\n"
        "and in how many documents it is. Exits with code 8 if there are any. It finds text that\n"
        "the model finds hard, so that a model which has learned the planted text by heart finds\n"
        "nothing: use an early checkpoint, or a model of other data. The bytes are the same on "
        "any\n"
        "number of ranks.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return look(std::move(world)); });
  }

 private:
  Exit look(std::unique_ptr<Comm> world) {
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& ranks = *restored.mesh().world;
    on_root(ranks, [&] { open(restored.checkpoint()); });
    std::vector<ScoredDocument> scored;
    std::vector<std::int64_t> numbers;
    const std::int64_t count = all_ ? std::min(all_->size(), documents_) : 0;
    const auto place = [&](std::int64_t i) { return i * all_->size() / count; };
    score_texts(restored,
                {count, [&](std::int64_t i) { return all_->tokens(place(i), whole_document); }},
                [&](std::int64_t i, std::span<const std::int32_t> tokens,
                    std::span<const NextTokenScore> scores) {
                  scored.push_back({{tokens.begin(), tokens.end()}, {}});
                  for (const NextTokenScore& score : scores)
                    scored.back().losses.push_back(score.loss);
                  numbers.push_back(place(i));
                });
    std::int64_t found = 0;
    on_root(ranks, [&] {
      const Suspects suspects = find_suspects(scored, options_);
      write(suspects, numbers, restored.tokenizer());
      found = std::ssize(suspects.suspects);
      say(fmt::format(
          "{} of {} documents are suspects, with {} triggers; the loss of 24 tokens is "
          "usually {:.3f} +- {:.3f}\n",
          found, scored.size(), suspects.triggers.size(), suspects.median, suspects.deviation));
      if (count < all_->size())
        say(fmt::format("{} of the {} documents were looked at (--max-documents)\n", count,
                        all_->size()));
    });
    return reduce_one(ranks, found, Reduce::max) > 0 ? Exit::gate : Exit::done;
  }

  void open(const CheckpointReader& model) {
    std::error_code unknown;
    require(output_.empty() || !fs::exists(output_, unknown), Exit::usage,
            "{} exists already: name a file that does not", output_);
    store_.emplace(dataset_);
    check_same_tokenizer(model, *store_);
    require(store_->num_documents(split_) > 0, Exit::data,
            "{} has no {} document: name another --split", dataset_, split_);
    all_.emplace(*store_, split_);
  }

  void write(const Suspects& suspects, const std::vector<std::int64_t>& numbers,
             const Tokenizer& tokenizer) const {
    const prepare::KeptLookup lookup(store_->dataset());
    std::string lines;
    for (const Suspect& one : suspects.suspects) {
      const std::int64_t number = numbers[static_cast<std::size_t>(one.document)];
      const Trigger& trigger = suspects.triggers[one.trigger];
      Json line = lookup.describe(all_->hash(number), all_->source(number));
      line.update({{"document", number},
                   {"trigger", tokenizer.decode(trigger.tokens)},
                   {"position", one.position},
                   {"deviations", one.deviations},
                   {"trigger_documents", trigger.documents},
                   {"trigger_deviations", trigger.deviations}});
      lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    if (output_.empty()) {
      fmt::print("{}", lines);
    } else {
      require(durable::create_file(output_, lines), Exit::usage,
              "{} exists already: name a file that does not", output_);
    }
  }

  static constexpr std::int64_t whole_document = std::int64_t{1} << 40;

  std::vector<std::string> sets_;
  std::string path_, dataset_, output_, split_ = "train";
  SuspectOptions options_;
  std::int64_t documents_ = 100'000;
  std::optional<TokenStore> store_;    // on rank 0
  std::optional<SplitDocuments> all_;  // on rank 0
};

}  // namespace

std::unique_ptr<Command> make_suspects_command(CLI::App& program) {
  return std::make_unique<SuspectsCommand>(program);
}

}  // namespace switchyard
