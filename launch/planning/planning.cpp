#include "launch/planning/planning.h"

#include <fmt/format.h>

#include "io/files/durable.h"
#include "io/tokens/token_store.h"
#include "launch/assemble/assemble.h"
#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "launch/hugging_face/family.h"
#include "launch/machine/machine.h"
#include "launch/plan/assumptions.h"
#include "launch/plan/rehearsal.h"
#include "launch/planning/plan_report.h"
#include "launch/planning/plan_table.h"
#include "runtime/comm/agree.h"
#include "train/step/schedule.h"

namespace switchyard::plan {
namespace {

// The tokenizer's number of ids, or what the plan takes for it.
std::int64_t num_ids_of(const PlanOptions& options, const Config& config) {
  if (options.vocabulary > 0) return options.vocabulary;
  if (config.data.dataset.empty() && config.model.vocabulary > 0) return config.model.vocabulary;
  require(!config.data.dataset.empty(), Exit::usage,
          "the size of the vocabulary is unknown: set data.dataset or model.vocabulary, or use "
          "--vocabulary SIZE");
  return TokenStore(config.data.dataset).vocabulary();
}

// Collective. What this command runs on.
PlanLayout layout_here(Comm& world) {
  const std::unique_ptr<Comm> node = world.split_node();
  const std::int64_t first = node->rank() == 0 ? 1 : 0, size = node->size();
  return {world.size(), static_cast<int>(reduce_one(world, first, Reduce::sum)),
          static_cast<int>(reduce_one(world, size, Reduce::max))};
}

int threads_of(const PlanOptions& options, const Config& config, int ranks_per_node) {
  if (options.threads > 0) return options.threads;
  if (config.run.threads > 0) return config.run.threads;
  return std::max(1, allowed_cores().count / ranks_per_node);
}

void use_network(double bytes_per_second, Rates& rates) {
  rates.limits.exchange = bytes_per_second;
  rates.network_given = true;
  for (const char* part : {"exchange", "copies", "reduce", "gather"}) {
    rates.parts.erase(part);
    rates.waits.erase(part);
  }
}

// Returns why the plan is refused after it was shown, or nothing.
std::string problem_of(const RunPlan& plan, const PlanOptions& options) {
  if (options.node_bytes > 0) {
    const auto problem = memory_problem(plan.shape, program_bytes(plan.rates), options.node_bytes);
    if (problem) return *problem;
  }
  const std::int64_t gpu_bytes = options.gpu_bytes > 0 || options.gpu.empty()
                                     ? options.gpu_bytes
                                     : gpu_of(options.gpu).memory_bytes;
  if (gpu_bytes > 0 && plan.shape.device == Device::Kind::cuda) {
    const auto problem = gpu_memory_problem(plan.shape, 1, gpu_bytes);
    if (problem) return *problem;
  }
  return plan.refused ? plan.untimed : "";
}

class Planner {
 public:
  Planner(const PlanOptions& options, Comm& world)
      : options_(options), world_(world), here_(layout_here(world)), line_(stderr_is_terminal()) {}

  PlanLayout layout() const { return complete_layout(options_.layout, here_); }

  // Collective. what: in front of what the progress says.
  RunPlan plan(ConfigSources sources, const std::string& what) {
    if (!options_.gpu.empty()) sources.sets.emplace_back("run.device=\"cuda\"");
    const Config config = agree_on_config(sources, world_);
    RunPlan plan;
    agree(world_, [&] {
      const PlanLayout on = layout();
      plan.shape = run_shape(config, num_ids_of(options_, config), on.ranks, on.ranks_per_node,
                             threads_of(options_, config, on.ranks_per_node));
      require(options_.gpu_bytes == 0 || plan.shape.device == Device::Kind::cuda, Exit::usage,
              "--memory-per-gpu needs run.device = \"cuda\": add --set run.device=cuda");
      if (options_.rates) plan.rates = read_rates(*options_.rates);
    });
    plan.steps = config.train.steps;
    plan.run_sequences = StepSamples(config.train.batch_ramp, config.train.global_batch_size,
                                     config.train.micro_batch_size)
                             .first_sample(config.train.steps);
    plan.schedule = schedule_in_words(config.train);
    plan.exports_as = hub::exported_as(config);
    if (!options_.gpu.empty()) {
      agree(world_, [&] {
        plan.roofline = gpu_roofline(plan.shape, gpu_of(options_.gpu), options_.network);
      });
      return counted_plan(std::move(plan));
    }
    if (!options_.rates) measure(config, what, plan);
    if (options_.network > 0.0) use_network(options_.network, plan.rates);
    if (plan.untimed.empty()) {
      plan.assumptions = assumptions(plan.shape, plan.rates, sizes_of_rates(config, plan.shape));
      if (!config.train.batch_ramp.empty())
        plan.assumptions.emplace_back(
            "the steps of train.batch_ramp take time in proportion to their sequences");
    }
    line_.erase();
    return counted_plan(std::move(plan));
  }

 private:
  void measure(const Config& config, const std::string& what, RunPlan& plan) {
    if (!problem_of(plan, options_).empty()) {
      plan.untimed = "the run does not fit";
      return;
    }
    if (plan.shape.device == Device::Kind::cuda) {
      plan.untimed =
          "the rates of a GPU cannot be measured yet: write them into a file for --rates";
      return;
    }
    plan.untimed = too_large_to_rehearse(config, plan.shape.vocabulary, plan.shape.threads, world_);
    plan.refused = !plan.untimed.empty();
    if (plan.refused) return;
    std::optional<TokenStore> store;
    if (options_.vocabulary == 0 && !config.data.dataset.empty())
      agree(world_, [&] { store.emplace(config.data.dataset); });
    plan.rates = rehearse(config, plan.shape.vocabulary, store ? &*store : nullptr,
                          plan.shape.threads, world_, [&](const std::string& text, Stage stage) {
                            if (world_.rank() != 0) return;
                            if (stage == Stage::next || line_.due()) line_.show(what + text);
                          });
  }

  const PlanOptions& options_;
  Comm& world_;
  PlanLayout here_;
  ProgressLine line_;
};

// On rank 0.
void print_one(const RunPlan& plan, const PlanOptions& options,
               const std::optional<Profile>& measured) {
  if (options.save_rates && plan.untimed.empty())
    durable::replace_file(*options.save_rates, print_rates(plan.rates));
  fmt::print("{}", options.json ? plan_json(plan).dump(2) + "\n" : plan_report(plan, measured));
  std::fflush(stdout);
  const std::string problem = problem_of(plan, options);
  require(problem.empty(), Exit::usage, "{}", problem);
}

Profile profile_of(const std::filesystem::path& run, int ranks) {
  Profile profile = read_profile(run / "profile" / "profile.json");
  require(profile.num_ranks == ranks, Exit::usage, "{} ran on {} ranks: add --ranks {}",
          run.string(), profile.num_ranks, profile.num_ranks);
  return profile;
}

}  // namespace

Exit plan_training(const PlanOptions& options, std::unique_ptr<Comm> world) {
  Planner planner(options, *world);
  agree(*world, [&] {
    if (options.gpu.empty()) return;
    (void)gpu_of(options.gpu);
    require(!options.rates && !options.save_rates && !options.run && options.experts.empty(),
            Exit::usage,
            "--device takes its rates from a data sheet: leave --rates, --save-rates, --run and "
            "--experts out");
  });
  if (options.experts.empty()) {
    std::optional<Profile> measured;
    if (options.run) {
      agree(*world, [&] { measured = profile_of(*options.run, planner.layout().ranks); });
    }
    const RunPlan plan = planner.plan(options.config, "");
    on_root(*world, [&] { print_one(plan, options, measured); });
    return Exit::done;
  }
  std::vector<RunPlan> plans;
  for (const int experts : options.experts) {
    ConfigSources sources = options.config;
    sources.sets.push_back("model.num_experts=" + std::to_string(experts));
    plans.push_back(planner.plan(sources, std::to_string(experts) + " experts: "));
  }
  on_root(*world, [&] {
    fmt::print("{}", options.json ? table_json(plans).dump(2) + "\n"
                                  : plan_table(plans, options.node_bytes));
  });
  return Exit::done;
}

}  // namespace switchyard::plan
