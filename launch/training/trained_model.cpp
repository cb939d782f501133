#include "launch/training/trained_model.h"

#include <utility>

#include "launch/assemble/assemble.h"
#include "launch/training/predicted_exchange.h"

namespace switchyard {
namespace {

// Collective over job.
Mesh mesh_in(std::unique_ptr<Comm> job, int num_islands, int expert_degree, Device device,
             std::string& how) {
  std::unique_ptr<Comm> island;
  if (num_islands > 1)
    island = job->split(island_of(job->rank(), job->size(), num_islands), job->rank());
  DeviceWorld world = make_device_world(std::move(num_islands > 1 ? island : job), device);
  how = world.how;
  Mesh mesh = make_mesh(std::move(world.comm), expert_degree);
  if (num_islands > 1) join_islands(mesh, std::move(job), num_islands);
  return mesh;
}

}  // namespace

TrainedModel::TrainedModel(const Config& run_config, std::int64_t vocabulary, const Start& start,
                           int expert_degree, std::unique_ptr<Comm> comm, Device device)
    : config(run_config),
      stream(make_stream(config, device, *comm)),
      mesh(mesh_in(std::move(comm), config.train.islands.count, expert_degree, device, how)),
      tape(make_run_tape(config.router, config.model.num_experts,
                         static_cast<std::uint64_t>(config.train.seed), start.attempt,
                         *mesh.world)),
      model(config.model, with_predicted_exchange(config, device, mesh),
            model_options(config, vocabulary, device, tape.get(), start.steps_done), mesh),
      trainer(model, mesh, config.train, stream, config.guard) {}

}  // namespace switchyard
