#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>

#include "io/registry/registry.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"
#include "launch/assemble/restored_model.h"
#include "launch/commands/command.h"
#include "launch/host/host_name.h"
#include "launch/host/launcher.h"
#include "launch/host/ranks.h"
#include "launch/host/standard_streams.h"
#include "launch/machine/machine.h"
#include "launch/monitor/measure.h"
#include "launch/registry/card_facts.h"
#include "launch/registry/packaging.h"
#include "launch/registry/promotion.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/suites/gate.h"
#include "launch/suites/profile.h"
#include "launch/suites/run_suite.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class PublishCommand : public Command {
 public:
  explicit PublishCommand(CLI::App& program) {
    app_ = program.add_subcommand("publish", "Put a model into a registry, as a new version");
    app_->add_option("MODEL", path_,
                     "A run directory, RUN@best, a checkpoint, a model folder or a package")
        ->required();
    add_run_sets(*app_, sets_);
    app_->add_option("--registry", registry_, "The folder of all published models")
        ->required()
        ->type_name("FOLDER");
    app_->add_option("--name", name_, "Of the model: its folder within the registry")
        ->required()
        ->type_name("NAME");
    CLI::Option* suite =
        app_->add_option("--suite", suite_,
                         "Judge the model by a suite first; promotion asks its gates")
            ->type_name("FILE");
    app_->add_option("--results", results_,
                     "What `switchyard evaluate MODEL --suite FILE --output FOLDER` found, "
                     "instead")
        ->type_name("FOLDER")
        ->excludes(suite);
    app_->add_option("--profile", profile_,
                     "A dataset like the texts that the model is for: what it says of them goes "
                     "into the package, for `switchyard drift`")
        ->type_name("DATASET");
    app_->add_option("--split", split_, "The documents of the profile")
        ->capture_default_str()
        ->check(CLI::IsMember({"validation", "train"}));
    app_->add_option("--profile-documents", documents_, "How many of them, at most")
        ->capture_default_str()
        ->check(CLI::Range(64, 1 << 20));
    app_->add_flag("--require-licences", require_licences_,
                   "Refuse a model that was trained on a source without a stated licence");
    app_->add_flag("--json", json_, "Print one JSON object");
    app_->footer(
        "  switchyard publish runs/quickstart@best --registry models --name perl --suite "
        "quick.toml --profile data/perl\n"
        "  switchyard registry promote models/perl 1\n\n"
        "The package holds the weights, config, tokenizer, card and drift profile, and the "
        "SHA-256\n"
        "of every file, and has the same bytes whenever it is made of the same model. Nobody uses\n"
        "it before `switchyard registry promote`. Weights are copied by one rank; more ranks make\n"
        "the profile faster.");
  }

  int run() override {
    if (suite_.empty() && profile_.empty()) return copy();
    return run_on_ranks([&](std::unique_ptr<Comm> world) { return publish(std::move(world)); });
  }

 private:
  void resolve() {
    check_model_name(name_);
    folder_ = resolve_checkpoint(path_);
  }

  // Nothing to compute: one process does it all, without MPI.
  int copy() {
    if (launched_rank() != 0) return 0;
    resolve();
    write({});
    return 0;
  }

  Exit publish(std::unique_ptr<Comm> world) {
    on_root(*world, [&] { resolve(); });
    if (!suite_.empty()) judge(*world);
    if (profile_.empty()) {
      on_root(*world, [&] { write({}); });
      return Exit::done;
    }
    RestoredModel restored(path_, sets_, std::move(world));
    Comm& all = *restored.mesh().world;
    monitor::Documents documents;
    on_root(all, [&] {
      documents =
          monitor::documents_of_dataset(profile_, split_, restored.checkpoint(), documents_);
    });
    const monitor::DriftProfile profile = monitor::make_profile(restored, documents);
    on_root(all, [&] { write(profile); });
    return Exit::done;
  }

  // Collective. Gates that compare with a previous version are judged when it is promoted.
  void judge(Comm& world) {
    const suites::LoadedSuite suite = suites::load_suite(suite_, world);
    suites::SuiteModel model(path_, sets_, world.split(0, world.rank()));
    suites::SuiteCost cost;
    judged_ = suites::run_suite(suite, model, cost);
    model_profile_ = json_of(suites::profile_of(model)).dump(2) + "\n";
    agree(world,
          [&] { judged_->gates = json_of(suites::judge(suite.suite.gates, *judged_, nullptr)); });
  }

  void write(const std::optional<monitor::DriftProfile>& profile) {
    const auto start = std::chrono::steady_clock::now();
    const CheckpointReader model(folder_);
    Json facts = card_facts(model);
    refuse_unknown(facts);
    std::vector<NamedFile> files;
    if (!results_.empty()) files = results_files(results_, model, facts);
    if (judged_) {
      files = suites::files_of(*judged_, model_profile_);
      facts["results"] = json_of(*judged_);
    }
    if (profile) {
      facts["profile"] = monitor::facts_of(*profile);
      files.push_back({drift_profile_name, monitor::profile_text(*profile)});
    }
    Registry registry(fs::path(registry_) / name_);
    const PackageVersion version =
        registry.publish(model, package_content(model, name_, facts, std::move(files)),
                         {{"time", utc_now()},
                          {"host", host_name()},
                          {"from", fs::absolute(folder_).lexically_normal().string()}});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    report(registry, version, seconds.count());
  }

  void refuse_unknown(const Json& facts) const {
    const std::vector<std::string> unknown = unknown_licences(facts);
    if (unknown.empty()) return;
    const std::string what =
        fmt::format("nobody stated the licence of {}",
                    terminal_text(fmt::format("{}", fmt::join(unknown, ", "))));
    require(!require_licences_, Exit::gate, "{}, and --require-licences was given", what);
    say("warning: " + what + "\n");
  }

  void report(const Registry& registry, const PackageVersion& version, double seconds) const {
    const fs::path folder = registry.folder_of(version.number);
    const std::int64_t bytes = CheckpointReader(folder).bytes();
    if (json_) {
      fmt::print("{}\n", Json{{"version", version.number},
                              {"sha256", version.sha256},
                              {"folder", folder.string()},
                              {"bytes", bytes}}
                             .dump(2));
    } else {
      fmt::print("version {}  {}  {}\n", version.number, version.sha256, folder.string());
    }
    say(fmt::format("{} in {:.2f} s\n", bytes_in_words(bytes), seconds));
    if (results_.empty() && !judged_) say("without results, so that it cannot be promoted\n");
    if (profile_.empty()) say("without a drift profile, which --profile DATASET makes\n");
  }

  std::vector<std::string> sets_;
  std::string path_, registry_, name_, suite_, results_, model_profile_, profile_,
      split_ = "validation";
  fs::path folder_;
  std::optional<suites::Results> judged_;
  std::int64_t documents_ = 2048;
  bool require_licences_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_publish_command(CLI::App& program) {
  return std::make_unique<PublishCommand>(program);
}

}  // namespace switchyard
