#include "launch/smoke/smoke.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "io/files/durable.h"
#include "launch/doctor/mpi_check.h"
#include "launch/host/counted.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/smoke/probe.h"
#include "launch/smoke/small_training.h"
#include "launch/suites/results.h"

namespace switchyard::smoke {
namespace {

namespace fs = std::filesystem;
using suites::Profile;

constexpr double trained_share = 0.9;  // of ln V, the loss of a model that knows nothing

// A new folder that goes when it is destroyed.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "switchyard-smoke-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, Exit::storage, "cannot make a folder in {}",
            fs::temp_directory_path().string());
    path_ = name;
  }
  ~TemporaryFolder() { durable::try_remove_tree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Runs `work`, which fills in what it found; an Error is the check's failure.
template <class Work>
Check checked(const char* name, Work work) {
  Check check{name};
  try {
    work(check);
  } catch (const Error& error) {
    check.verdict = error.code() == Exit::data ? Verdict::damaged : Verdict::fail;
    check.found = error.what();
  }
  return check;
}

void find_not_finite(const CheckpointReader& checkpoint, Check& check) {
  std::int64_t values = 0;
  std::vector<float> part;
  for (const std::string& name : checkpoint.names()) {
    const DType dtype = checkpoint.dtype(name);
    if (name.starts_with("first_moment/") || name.starts_with("second_moment/")) continue;
    if (dtype != DType::f32 && dtype != DType::bf16) continue;
    const std::int64_t size = checkpoint.shape(name).size();
    for (std::int64_t begin = 0; begin < size; begin += std::int64_t{1} << 20) {
      part.resize(static_cast<std::size_t>(std::min(std::int64_t{1} << 20, size - begin)));
      checkpoint.read_part(name, begin, part);
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (std::isfinite(part[i])) continue;
        check.verdict = Verdict::fail;
        check.found = fmt::format("element {} of {} is {}: take an earlier checkpoint",
                                  begin + static_cast<std::int64_t>(i), name, part[i]);
        return;
      }
    }
    values += size;
  }
  check.found = fmt::format("{}, all finite", counted(values, "value"));
}

void check_tokenizer(const CheckpointReader& checkpoint, const std::optional<Profile>& then,
                     Check& check) {
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(checkpoint);
  if (then && then->tokenizer != tokenizer->hash()) {
    fail(Exit::gate,
         "the tokenizer is another one ({}, {} entries) than that of the profile ({}, {} entries)",
         tokenizer->hash().substr(0, 8), tokenizer->vocabulary(), then->tokenizer.substr(0, 8),
         then->vocabulary);
  }
  for (const std::string& text : suites::profile_texts()) {
    const std::string once = tokenizer->decode(tokenizer->encode(text));
    require(tokenizer->decode(tokenizer->encode(once)) == once && !once.empty(), Exit::gate,
            "a text does not come back from its tokens: {:?}", once.substr(0, 40));
  }
  check.found =
      fmt::format("{}, {} entries, {} come back from their tokens", tokenizer->kind(),
                  tokenizer->vocabulary(), counted(std::ssize(suites::profile_texts()), "text"));
}

void check_trained(const Probe& probe, const std::optional<Profile>& then, Check& check) {
  const double uniform = std::log(static_cast<double>(probe.profile.vocabulary));
  check.found = fmt::format(
      "loss {:.4f} on texts that it wrote itself; that of a model that knows "
      "nothing is {:.4f}",
      probe.own_loss, uniform);
  const bool as_recorded = then && differences(probe.profile, *then).empty();
  if (probe.own_loss < trained_share * uniform || as_recorded) return;
  check.verdict = Verdict::fail;
  check.found += ": the model is not trained, or its tokenizer is another one";
}

void check_router(const CheckpointReader& checkpoint, const Profile& now,
                  const std::optional<Profile>& then, Check& check) {
  const int experts = config_of(checkpoint).model.num_experts;
  for (const auto& [name, layer] : now.layers) {
    require(layer.router.empty() || std::ssize(layer.router) == experts, Exit::gate,
            "{}.router has {} rows for {} experts", name, layer.router.size(), experts);
    require(std::ssize(layer.load) == experts, Exit::gate, "{} has loads of {} experts, not {}",
            name, layer.load.size(), experts);
  }
  if (then) {
    for (const std::string& difference : differences(now, *then)) {
      require(difference.find(".router") == std::string::npos, Exit::gate, "{}", difference);
    }
  }
  check.found = now.layers.empty()
                    ? "no layer has experts"
                    : fmt::format("{} with {} each", counted(std::ssize(now.layers), "layer"),
                                  counted(experts, "expert"));
}

void check_profile(const Profile& now, const std::optional<Profile>& then, Check& check) {
  if (!then) {
    check.verdict = Verdict::not_checked;
    check.found =
        "there is none to compare with: name results of this model with --profile "
        "(switchyard evaluate MODEL --suite FILE --output FOLDER makes them)";
    return;
  }
  const std::vector<std::string> found = differences(now, *then);
  check.found = "losses and loads are those of the profile";
  if (found.empty()) return;
  check.verdict = Verdict::fail;
  check.found.clear();
  for (const std::string& one : found) check.found += (check.found.empty() ? "" : "; ") + one;
}

void check_text(const Probe& probe, Check& check) {
  require(probe.texts == probe.texts_again, Exit::gate, "the same prompts give other texts again");
  check.found = "the same prompts give the same texts twice";
}

// Which profile the model must match, if there is any.
std::optional<Profile> profile_for(const SmokeOptions& options, const fs::path& folder) {
  if (!options.profile.empty()) return suites::read_profile(options.profile);
  std::error_code error;
  const fs::path own = folder / suites::profile_file;
  if (!fs::is_regular_file(own, error)) return std::nullopt;
  return suites::read_profile(own);
}

class ModelChecks {
 public:
  ModelChecks(fs::path model, std::optional<Profile> then, std::vector<std::string> launcher,
              std::string no_launcher)
      : model_(std::move(model)),
        then_(std::move(then)),
        launcher_(std::move(launcher)),
        no_launcher_(std::move(no_launcher)) {}

  std::vector<Check> run() {
    add("files", [&](Check& check) {
      reader_.emplace(model_);
      reader_->verify();
      check.found = fmt::format("{}, {} bytes, as they were written",
                                counted(std::ssize(reader_->files()), "file"), reader_->bytes());
    });
    if (!good()) reader_.reset();
    add_if(reader_.has_value(), "weights", [&](Check& check) { find_not_finite(*reader_, check); });
    const bool finite = good();
    add_if(reader_.has_value(), "tokenizer",
           [&](Check& check) { check_tokenizer(*reader_, then_, check); });
    if (finite) probe_ = run_probe(model_, {});
    const bool runs = finite && probe_.code == 0;
    if (finite && !runs) {
      checks_.push_back(
          {"trained", Verdict::fail, "the model does not compute: " + probe_.problem});
    } else {
      add_if(runs, "trained", [&](Check& check) { check_trained(probe_, then_, check); });
    }
    add_if(runs, "router",
           [&](Check& check) { check_router(*reader_, probe_.profile, then_, check); });
    add_if(runs, "profile", [&](Check& check) { check_profile(probe_.profile, then_, check); });
    add_if(runs, "text", [&](Check& check) { check_text(probe_, check); });
    add_if(runs, "ranks", [&](Check& check) { check_ranks(check); });
    return std::move(checks_);
  }

 private:
  bool good() const { return checks_.back().verdict == Verdict::ok; }
  template <class Work>
  void add(const char* name, Work work) {
    checks_.push_back(checked(name, work));
  }
  template <class Work>
  void add_if(bool possible, const char* name, Work work) {
    if (possible) return add(name, work);
    checks_.push_back({name, Verdict::not_checked, "a check above failed"});
  }

  void check_ranks(Check& check) {
    if (launcher_.empty()) {
      check.verdict = Verdict::not_checked;
      check.found = no_launcher_;
      return;
    }
    const Probe two = run_probe(model_, launcher_);
    require(two.code == 0, Exit::gate, "2 ranks ended with code {}: {}", two.code, two.problem);
    require(two.line == probe_.line, Exit::gate,
            "2 ranks give other losses, loads or texts than 1: switchyard verify-layout finds the "
            "step and the tensor");
    check.found = "1 and 2 ranks give the same bits";
  }

  fs::path model_;
  std::optional<Profile> then_;
  std::vector<std::string> launcher_;
  std::string no_launcher_;
  std::optional<CheckpointReader> reader_;
  Probe probe_;
  std::vector<Check> checks_;
};

}  // namespace

std::vector<Check> run_smoke(const SmokeOptions& options) {
  const bool own = options.model.empty();
  fs::path model;
  std::optional<Profile> then;
  if (!own) {  // a wrong path is an error at once
    model = resolve_checkpoint(options.model);
    then = profile_for(options, model);
  }
  std::vector<std::string> launcher =
      options.launcher.empty() ? doctor::usual_launcher() : options.launcher;
  const doctor::Finding launches = doctor::check_launcher(launcher);
  if (launches.verdict != doctor::Finding::Verdict::ok) launcher.clear();
  const TemporaryFolder folder;
  SmallTraining training = train_small(folder.path(), launcher);
  if (own && training.checks.front().verdict != Verdict::ok) return training.checks;
  if (own) {
    model = resolve_checkpoint(training.run);
    then = run_probe(training.straight, {}).profile;
  }
  ModelChecks model_checks(model, std::move(then), launcher, launches.found);
  std::vector<Check> checks = std::move(training.checks);
  for (Check& check : model_checks.run()) checks.push_back(std::move(check));
  return checks;
}

Exit exit_code_of(const std::vector<Check>& checks) {
  Exit code = Exit::done;
  for (const Check& check : checks) {
    if (check.verdict == Verdict::damaged) return Exit::data;
    if (check.verdict == Verdict::fail) code = Exit::gate;
  }
  return code;
}

}  // namespace switchyard::smoke
