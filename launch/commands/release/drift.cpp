#include "launch/monitor/drift.h"

#include <fmt/format.h>

#include <filesystem>

#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/tokens/token_store.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/ranks.h"
#include "launch/host/standard_streams.h"
#include "launch/monitor/measure.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace monitor;

constexpr std::int64_t largest_profile = std::int64_t{1} << 30;

class DriftCommand : public Command {
 public:
  explicit DriftCommand(CLI::App& program) {
    app_ = program.add_subcommand(
        "drift", "Say whether texts are still like those that a model was made for");
    app_->add_option("MODEL", path_,
                     "A package with a drift profile, or any other model with --profile")
        ->required();
    app_->add_option("TEXTS", texts_,
                     "A dataset, or files, folders and globs of text as `prepare` takes them")
        ->required();
    add_run_sets(*app_, sets_);
    CLI::Option* profile =
        app_->add_option("--profile", profile_, "A profile instead of the one in the package")
            ->type_name("FILE");
    app_->add_option("--write-profile", write_,
                     "Make a profile of the texts and write it into this file, which must not "
                     "exist, instead of comparing")
        ->type_name("FILE")
        ->excludes(profile);
    app_->add_option("--split", split_, "The documents of a dataset")
        ->capture_default_str()
        ->check(CLI::IsMember({"validation", "train"}));
    app_->add_option("--documents", documents_,
                     "The most documents of a dataset to look at, at even distances")
        ->capture_default_str()
        ->check(CLI::Range(8, 1 << 24));
    app_->add_option("--window", options_.window, "Documents that are compared at a time")
        ->capture_default_str()
        ->check(CLI::Range(8, 1 << 20));
    app_->add_option("--alarms", options_.alarms,
                     "The share of the windows of like texts that give an alarm")
        ->capture_default_str()
        ->check(CLI::Range(1e-4, 0.5));
    app_->add_option("--seed", options_.seed, "Of the bootstrap that finds the thresholds")
        ->capture_default_str();
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->footer(
        "  switchyard drift models/perl today.jsonl\n"
        "  mpirun -n 4 switchyard drift models/perl data/new --json\n"
        "  switchyard drift runs/a data/a --write-profile a.json\n\n"
        "Compares windows of the documents, in their order, with the profile: the tokens by PSI;\n"
        "losses, confidence and lengths by the statistic of Kolmogorov and Smirnov; and the "
        "losses\n"
        "by CUSUM. Exits with code 8 if any window gives an alarm. The bytes on stdout are the "
        "same\n"
        "on any number of ranks.");
  }

  int run() override {
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return drift(std::move(world)); });
  }

 private:
  Exit drift(std::unique_ptr<Comm> world) {
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& ranks = *restored.mesh().world;
    Documents documents;
    DriftProfile profile;
    on_root(ranks, [&] {
      std::error_code unknown;
      require(write_.empty() || !fs::exists(write_, unknown), Exit::usage,
              "{} exists already: name a file that does not", write_);
      if (write_.empty()) profile = profile_for(restored.checkpoint());
      documents = documents_for(restored);
    });
    if (!write_.empty()) {
      profile = make_profile(restored, documents);
      on_root(ranks, [&] {
        require(durable::create_file(write_, profile_text(profile)), Exit::usage,
                "{} exists already: name a file that does not", write_);
        fmt::print("{}\n", facts_of(profile).dump());
      });
      return Exit::done;
    }
    const std::vector<DocumentTraits> found = measure(restored, documents, profile.bins);
    std::vector<DriftWindow> windows;
    on_root(ranks, [&] {
      windows = find_drift(profile, found, options_);
      report(windows, profile, std::ssize(found));
    });
    const std::int64_t alarms = std::ranges::count_if(windows, &DriftWindow::alarm);
    return reduce_one(ranks, alarms, Reduce::max) > 0 ? Exit::gate : Exit::done;
  }

  DriftProfile profile_for(const CheckpointReader& model) const {
    DriftProfile profile =
        profile_.empty() ? profile_of(model)
                         : parse_profile(durable::read_file(profile_, largest_profile), profile_);
    require(profile.tokenizer == tokenizer_of(model)->hash(), Exit::data,
            "the profile was made with another tokenizer than {} has", model.folder().string());
    if (profile.model != model.digest())
      say("warning: the profile was made by another model, whose losses may differ\n");
    return profile;
  }

  Documents documents_for(const RestoredModel& restored) const {
    const bool dataset = texts_.size() == 1 && is_committed(fs::path(texts_[0]) / tokens_folder);
    return dataset ? documents_of_dataset(texts_[0], split_, restored.checkpoint(), documents_)
                   : documents_of_texts(texts_, restored.tokenizer());
  }

  void report(const std::vector<DriftWindow>& windows, const DriftProfile& profile,
              std::int64_t documents) const {
    const auto alarms = std::ranges::count_if(windows, &DriftWindow::alarm);
    if (json_) {
      fmt::print("{}\n", Json{{"drift", alarms > 0},
                              {"documents", documents},
                              {"profile", facts_of(profile)},
                              {"windows", json_of(windows)}}
                             .dump(2));
      return;
    }
    fmt::print("{:>10} {:>9}", "documents", "alarm");
    for (const char* name : statistic_names) fmt::print("  {:>22}", name);
    fmt::print("\n");
    for (const DriftWindow& window : windows) {
      fmt::print("{:>10} {:>9}", fmt::format("{}+{}", window.first, window.size),
                 window.alarm() ? "ALARM" : "-");
      for (std::size_t i = 0; i < window.values.size(); ++i)
        fmt::print("  {:>22}", fmt::format("{:.4f} {} {:.4f}", window.values[i],
                                           window.exceeds(i) ? "> " : "<=", window.thresholds[i]));
      fmt::print("\n");
    }
    fmt::print("{} of {} windows give an alarm\n", alarms, windows.size());
  }

  std::vector<std::string> sets_, texts_;
  std::string path_, profile_, write_, split_ = "validation";
  DriftOptions options_;
  std::int64_t documents_ = 65536;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_drift_command(CLI::App& program) {
  return std::make_unique<DriftCommand>(program);
}

}  // namespace switchyard
