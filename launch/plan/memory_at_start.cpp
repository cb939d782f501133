#include "launch/plan/memory_at_start.h"

#include <algorithm>

#include "launch/host/host_name.h"
#include "launch/machine/machine.h"
#include "launch/machine/machine_memory.h"
#include "launch/machine/process_memory.h"
#include "launch/plan/memory_plan.h"
#include "launch/plan/rates.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::plan {

void require_memory_at_start(const Config& config, std::int64_t vocabulary, int expert_degree,
                             Comm& world) {
  if (!config.run.check_memory || config.run.device == Device::Kind::cuda) return;
  Config known = config;
  known.parallel.experts = std::to_string(expert_degree);
  const std::unique_ptr<Comm> node = world.split_node();
  // About as many as choose_threads takes: their scratch is small beside the rest.
  const int threads = config.run.threads > 0 ? config.run.threads
                                             : std::max(1, allowed_cores().count / node->size());
  // What the ranks hold already is part of what they need.
  const std::int64_t held = reduce_one(*node, anonymous_bytes(), Reduce::sum);
  const MemoryLeft left = memory_left();
  agree(world, [&] {
    const RunShape shape = run_shape(known, vocabulary, world.size(), node->size(), threads);
    const std::optional<std::string> problem =
        memory_problem(shape, program_bytes({}), left.bytes + held);
    require(!problem, Exit::usage,
            "{}. The limit is what {} has left on {}; run.check_memory = false starts the run "
            "nevertheless",
            problem.value_or(""), left.limit, host_name());
  });
}

}  // namespace switchyard::plan
