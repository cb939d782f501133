#include "launch/plan/planning.h"

#include <fmt/format.h>

#include "io/files/durable.h"
#include "io/tokens/token_store.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "launch/host/machine.h"
#include "launch/plan/plan_report.h"
#include "launch/plan/rehearsal.h"
#include "runtime/comm/agree.h"

namespace switchyard::plan {
namespace {

std::int64_t vocabulary_of(const PlanOptions& options, const Config& config) {
  if (options.vocabulary > 0) return options.vocabulary;
  require(!config.data.dataset.empty(), Exit::usage,
          "the size of the vocabulary is unknown: set data.dataset, or use --vocabulary SIZE");
  return TokenStore(config.data.dataset).vocabulary();
}

int ranks_per_node_of(const PlanOptions& options, int ranks) {
  if (options.ranks_per_node > 0) {
    require(options.nodes == 0 || std::int64_t{options.nodes} * options.ranks_per_node >= ranks,
            Exit::usage, "{} ranks do not fit on {} nodes of {} each", ranks, options.nodes,
            options.ranks_per_node);
    return std::min(options.ranks_per_node, ranks);
  }
  const int nodes = std::max(1, options.nodes);
  return (ranks + nodes - 1) / nodes;
}

int threads_of(const PlanOptions& options, const Config& config, int ranks_per_node) {
  if (options.threads > 0) return options.threads;
  if (config.run.threads > 0) return config.run.threads;
  return std::max(1, allowed_cores().count / ranks_per_node);
}

void require_fit(const RunShape& shape, std::int64_t program, std::int64_t node_bytes) {
  if (node_bytes == 0) return;
  const std::optional<std::string> problem = memory_problem(shape, program, node_bytes);
  require(!problem, Exit::usage, "{}", problem.value_or(""));
}

}  // namespace

Exit plan_training(const PlanOptions& options, std::unique_ptr<Comm> world) {
  const Config config = agree_on_config(options.config, *world);
  const bool root = world->rank() == 0;
  RunShape shape;
  Rates rates;
  std::optional<Profile> measured;
  agree(*world, [&] {
    const int ranks = options.ranks > 0 ? options.ranks : world->size();
    const int ranks_per_node = ranks_per_node_of(options, ranks);
    shape = run_shape(config, vocabulary_of(options, config), ranks, ranks_per_node,
                      threads_of(options, config, ranks_per_node));
    if (options.rates) rates = read_rates(*options.rates);
    if (options.run) {
      measured = read_profile(*options.run / "profile" / "profile.json");
      require(measured->num_ranks == ranks, Exit::usage, "{} ran on {} ranks: add --ranks {}",
              options.run->string(), measured->num_ranks, measured->num_ranks);
    }
    require_fit(shape, program_bytes(rates), options.node_bytes);
  });
  if (!options.rates) rates = rehearse(config, shape.vocabulary, shape.threads, std::move(world));
  if (!root) return Exit::done;
  if (options.save_rates) durable::replace_file(*options.save_rates, print_rates(rates));
  const RunPlan run = plan_run(shape, rates);
  fmt::print("{}", options.json ? plan_json(run).dump(2) + "\n" : plan_report(run, measured));
  return Exit::done;
}

}  // namespace switchyard::plan
