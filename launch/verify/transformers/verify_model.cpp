#include "launch/verify/transformers/verify_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_source.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/verify/transformers/child_process.h"
#include "launch/verify/transformers/comparison.h"
#include "launch/verify/transformers/shown_model.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A new folder that goes when it is destroyed.
class ExchangeFolder {
 public:
  ExchangeFolder() {
    std::string name = (fs::temp_directory_path() / "switchyard-verify-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, Exit::storage, "cannot make a folder in {}",
            fs::temp_directory_path().string());
    path_ = name;
  }
  ~ExchangeFolder() { durable::try_remove_tree(path_); }
  ExchangeFolder(const ExchangeFolder&) = delete;
  ExchangeFolder& operator=(const ExchangeFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

RoundingLimits limits_of(const Config& config) {
  const ProductPrecision precision = product_precision(config.train);
  const bool f32 = precision.forward == Precision::f32 && precision.head == Precision::f32;
  return f32 ? f32_limits : bf16_limits;
}

void write_request(const VerifyModelOptions& options, const Config& config, const ShownModel& shown,
                   const fs::path& folder) {
  const Json request = {{"model", fs::absolute(options.model).string()},
                        {"tokens", shown.tokens},
                        {"hidden", config.model.hidden},
                        {"tolerance", limits_of(config).row},
                        {"tensors", shown.tensors}};
  durable::replace_file(folder / "request.json", request.dump() + "\n");
}

struct Verdict {
  double difference = 0.0;  // of the losses
  bool loss_parts = false;
  std::optional<ComparedTensor> tensor;  // the first one that parts
  bool same() const { return !loss_parts && !tensor; }
};

std::string in_words(const Verdict& verdict, const ShownModel& shown) {
  if (verdict.tensor)
    return fmt::format("parts first at {}: {} of {} tokens beyond rounding, distances up to {:.1e}",
                       place_in_words(verdict.tensor->tensor), verdict.tensor->beyond, shown.tokens,
                       verdict.tensor->most);
  if (verdict.loss_parts)
    return "no layer parts: the norm or the head after them, or the loss, differs";
  return fmt::format("the same beyond rounding, in {} hidden states and the loss",
                     shown.tensors.size());
}

void print(const Verdict& verdict, const ShownModel& shown, const TransformersResult& theirs) {
  fmt::print("loss here          {:.9f}, of {} targets\n", shown.loss, shown.targets);
  fmt::print("loss there         {:.9f}, {} of transformers {}\n", theirs.loss, theirs.model,
             theirs.transformers);
  fmt::print("difference         {:.1e}\n", verdict.difference);
  fmt::print("{}\n", in_words(verdict, shown));
}

void print_json(const Verdict& verdict, const ShownModel& shown, const TransformersResult& theirs,
                const std::vector<std::string>& unlike) {
  Json tensors = Json::array();
  for (const ComparedTensor& tensor : theirs.tensors)
    tensors.push_back({{"tensor", tensor.tensor},
                       {"tokens_beyond", tensor.beyond},
                       {"distance_median", tensor.median},
                       {"distance_max", tensor.most}});
  const Json found = {{"same", verdict.same()},
                      {"loss", shown.loss},
                      {"loss_of_transformers", theirs.loss},
                      {"difference", verdict.difference},
                      {"tokens", shown.tokens},
                      {"targets", shown.targets},
                      {"first", verdict.tensor ? Json(verdict.tensor->tensor) : Json()},
                      {"unlike_keys", unlike},
                      {"transformers", theirs.transformers},
                      {"torch", theirs.torch},
                      {"tensors", std::move(tensors)}};
  fmt::print("{}\n", found.dump(1));
}

// A run's config with the keys of the model where it sets none.
Config config_for(const VerifyModelOptions& options, const Config& weights) {
  Config config = load_config(options.config, defaults_for_model(weights));
  config.train.initial.clear();
  check_config(config);
  require(!config.data.dataset.empty(), Exit::usage,
          "data.dataset is not set: name a folder that `switchyard prepare` wrote, in the config "
          "or with --set data.dataset=FOLDER");
  return config;
}

}  // namespace

Exit verify_model(const VerifyModelOptions& options, std::unique_ptr<Comm> world) {
  require(world->size() == 1, Exit::usage,
          "--model compares on one rank, as transformers has the whole model in one process: start "
          "without mpirun");
  require(hub::is_hub_folder(options.model), Exit::data,
          "{} is no folder of transformers: it has no config.json", options.model.string());
  const CheckpointReader weights =
      hub::open_hub_source({.from = options.model, .tokenizer = "", .sequence_length = 0}).reader();
  const Config of_weights = config_of(weights), config = config_for(options, of_weights);
  const TokenStore store(config.data.dataset);
  check_same_tokenizer(weights, store);
  const std::vector<std::string> unlike = unlike_model_keys(config, of_weights);
  if (!unlike.empty())
    fmt::print(stderr, "the config changes what the model computes: {}\n", fmt::join(unlike, ", "));

  const ExchangeFolder folder;
  const ShownModel shown =
      show_model(config, weights, store, options.tokens, folder.path(), std::move(world));
  write_request(options, config, shown, folder.path());
  const ChildOutcome outcome = run_transformers(options.python, folder.path());
  if (outcome.lacks) {
    fmt::print(stderr, "NOT CHECKED: loss here {:.9f}, and none to compare it with: {}\n",
               shown.loss, outcome.why);
    return Exit::gate;
  }
  require(outcome.ran, "{}", outcome.why);
  const TransformersResult theirs = read_result(folder.path() / "result.json");
  Verdict verdict{shown.loss - theirs.loss, false, first_parted(theirs, shown.tokens)};
  verdict.loss_parts = !(std::abs(verdict.difference) <= limits_of(config).loss);
  options.json ? print_json(verdict, shown, theirs, unlike) : print(verdict, shown, theirs);
  return verdict.same() ? Exit::done : Exit::data;
}

}  // namespace switchyard
