#include "launch/scaling/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "io/files/durable.h"
#include "io/text/amount.h"
#include "io/text/byte_size.h"
#include "launch/config/config_checks.h"
#include "launch/host/counted.h"
#include "launch/host/own_program.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/rates.h"
#include "launch/run/initial_model.h"
#include "runtime/error.h"

namespace switchyard::scaling {
namespace {

namespace fs = std::filesystem;

void set_width(std::int64_t width, ModelConfig& model) {
  const std::int64_t before = model.hidden;
  if (width == before) return;
  require(width * model.num_heads % before == 0, Exit::usage,
          "--width {} gives {:.2f} heads of model.head_dim = {}: choose a multiple of {}", width,
          static_cast<double>(width * model.num_heads) / static_cast<double>(before),
          model.head_dim, before / std::gcd(before, std::int64_t{model.num_heads}));
  const auto scaled = [&](std::int64_t size) {
    return size == 0 ? 0 : std::max<std::int64_t>(8, (size * width / before + 4) / 8 * 8);
  };
  const auto heads = static_cast<int>(width * model.num_heads / before);
  auto kv_heads = static_cast<int>(std::max<std::int64_t>(1, width * model.num_kv_heads / before));
  while (heads % kv_heads != 0) --kv_heads;
  model.hidden = width;
  model.num_heads = heads;
  model.num_kv_heads = kv_heads;
  model.ffn_hidden = scaled(model.ffn_hidden);
  model.expert_hidden = scaled(model.expert_hidden);
  model.shared_expert_hidden = scaled(model.shared_expert_hidden);
}

double tokens_of(const std::string& text, double active) {
  const bool each = text.ends_with('x');
  std::size_t end = 0;
  double number = 0.0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
  }
  require(end + (each ? 1 : 0) == text.size() && number > 0.0 && std::isfinite(number), Exit::usage,
          "--tokens {} is neither a number of tokens, such as 5e6, nor one per active parameter, "
          "such as 20x",
          text);
  return each ? number * active : number;
}

void set_steps(double tokens, Config& config) {
  TrainConfig& train = config.train;
  const std::int64_t before = train.steps;
  const auto of_step = static_cast<double>(train.global_batch_size * config.data.sequence_length);
  const double steps = std::round(tokens / of_step);
  require(steps < 1e15, Exit::usage, "--tokens: {} tokens are too many", tokens);
  train.steps = std::max<std::int64_t>(1, static_cast<std::int64_t>(steps));
  train.warmup_steps = train.warmup_steps * train.steps / before;
  train.decay_steps = train.decay_steps * train.steps / before;
  train.evaluate_every = train.steps;
  train.checkpoint_every = 0;
}

// The base with one entry of each list. Empty lists have the base's value.
Config config_of(const Config& base, std::int64_t width, int experts, int top_k) {
  Config config = base;
  set_width(width, config.model);
  config.model.num_experts = experts;
  config.router.top_k = top_k;
  return config;
}

template <class T>
std::vector<T> or_base(std::vector<T> list, T base) {
  if (list.empty()) list.push_back(std::move(base));
  return list;
}

void check_base(const Config& base) {
  require(base.train.batch_ramp.empty() && base.data.phases.empty() && base.train.patience == 0,
          Exit::usage,
          "a sweep changes train.steps, which train.batch_ramp, data.phases and train.patience do "
          "not follow: leave them out of the base config");
}

}  // namespace

std::vector<SweepRun> sweep_runs(const SweepOptions& options) {
  const Config base = load_run_config(options.base);
  check_base(base);
  const fs::path folder = fs::absolute(options.folder);
  std::vector<SweepRun> runs;
  const std::vector<int> all_top_k = or_base(options.top_k, static_cast<int>(base.router.top_k));
  for (const std::int64_t width : or_base(options.widths, base.model.hidden)) {
    for (const int experts : or_base(options.experts, base.model.num_experts)) {
      for (const int top_k : all_top_k) {
        // Dense models have no top-k, so that one of them is enough.
        if (experts == 0 ? top_k != all_top_k.front() : top_k > experts) continue;
        for (const std::string& tokens : or_base(options.tokens, std::string())) {
          SweepRun run{"", config_of(base, width, experts, top_k), {}};
          Config& config = run.config;
          const auto size = [&] {
            return run_size(config, config.train.steps, options.vocabulary,
                            options.request.nodes * options.request.ranks_per_node,
                            options.request.ranks_per_node);
          };
          if (!tokens.empty()) set_steps(tokens_of(tokens, size().model.active), config);
          run.name = fmt::format("w{}-e{}-k{}-s{}", width, experts, top_k, config.train.steps);
          config.run.directory = folder / "runs" / run.name;
          if (!config.data.dataset.empty())
            config.data.dataset = fs::absolute(config.data.dataset).lexically_normal();
          if (config.train.evaluate_every == 0) config.train.evaluate_every = config.train.steps;
          try {
            check_config(config);
          } catch (const Error& error) {
            fail(error.code(), "{}: {}", run.name, error.what());
          }
          run.size = size();
          runs.push_back(std::move(run));
        }
      }
    }
  }
  require(!runs.empty(), Exit::usage, "every --top-k is more than every --experts");
  return runs;
}

void write_sweep(const SweepOptions& options, const std::vector<SweepRun>& runs) {
  const fs::path folder = fs::absolute(options.folder).lexically_normal();
  require(!fs::exists(folder), Exit::usage, "{} exists: name a new folder with --output",
          options.folder);
  durable::make_folders(folder / "runs");
  durable::make_folders(folder / "logs");
  std::string list;
  for (const SweepRun& run : runs) {
    durable::replace_file(folder / (run.name + ".toml"), print_config(run.config, Docs::no));
    list += run.name + ".toml\n";
  }
  durable::replace_file(folder / "list.txt", list);
  BatchRequest request = options.request;
  request.program = own_program();
  request.folder = fs::current_path();
  request.run = folder;
  if (request.name.empty()) request.name = folder.filename();
  durable::replace_file(folder / "array.sh", array_script(request, runs.front().config.slurm,
                                                          static_cast<int>(runs.size())));
}

std::string sweep_report(const SweepOptions& options, const std::vector<SweepRun>& runs) {
  std::string text = fmt::format("{:<24} {:>10} {:>10} {:>10} {:>12} {:>10}\n", "run", "parameters",
                                 "active", "tokens", "FLOP", "of a rank");
  double flops = 0.0;
  for (const SweepRun& run : runs) {
    const auto memory = plan::memory_plan(run.size.shape, plan::program_bytes(plan::Rates{}));
    text +=
        fmt::format("{:<24} {:>10} {:>10} {:>10} {:>12} {:>10}\n", run.name,
                    amount_in_words(run.size.model.total), amount_in_words(run.size.model.active),
                    amount_in_words(run.size.model.tokens), amount_in_words(run.size.flops),
                    bytes_in_words(plan::total_bytes(memory)));
    flops += run.size.flops;
  }
  return text + fmt::format(
                    "{}, {} together. Nothing was started; to train them:\n"
                    "  sbatch {}/array.sh\n"
                    "  while read -r config; do switchyard train {}/\"$config\"; done < "
                    "{}/list.txt     # without Slurm\n"
                    "  switchyard scaling fit {}/runs\n",
                    counted(std::ssize(runs), "run"), amount_in_words(flops, "FLOP"),
                    options.folder, options.folder, options.folder, options.folder);
}

}  // namespace switchyard::scaling
