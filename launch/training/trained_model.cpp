#include "launch/training/trained_model.h"

#include <utility>

#include "launch/assemble/assemble.h"
#include "launch/training/predicted_exchange.h"

namespace switchyard {

TrainedModel::TrainedModel(const Config& run_config, std::int64_t vocabulary, const Start& start,
                           int expert_degree, std::unique_ptr<Comm> comm, Device device)
    : config(run_config),
      stream(make_stream(config.run, device, *comm)),
      world(make_device_world(std::move(comm), device)),
      mesh(make_mesh(std::move(world.comm), expert_degree)),
      tape(make_run_tape(config.router, config.model.num_experts,
                         static_cast<std::uint64_t>(config.train.seed), start.attempt,
                         *mesh.world)),
      model(config.model, with_predicted_exchange(config, device, mesh),
            model_options(config, vocabulary, device, tape.get(), start.steps_done), mesh),
      trainer(model, mesh, config.train, stream, config.guard) {}

}  // namespace switchyard
