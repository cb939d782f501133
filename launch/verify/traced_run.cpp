#include "launch/verify/traced_run.h"

#include <chrono>
#include <functional>
#include <optional>

#include "io/checkpoint/checkpoint.h"
#include "launch/assemble/assemble.h"
#include "launch/assemble/layout.h"
#include "runtime/comm/agree.h"
#include "runtime/comm/device_comm.h"
#include "train/guard/replica_check.h"
#include "train/step/trainer.h"

namespace switchyard {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Collective. As those of a run before its first step.
void set_weights(Trainer& trainer, const std::string& initial, Comm& world) {
  if (initial.empty()) return trainer.initialize();
  const CheckpointReader weights = CheckpointReader::open_on_all(initial, world);
  agree(world, [&] { trainer.initialize(weights); });
}

}  // namespace

LayoutTrace trace_run(const Config& config, const TokenStore& store, std::int64_t num_steps,
                      std::unique_ptr<Comm> comm) {
  const Device device = choose_device(config.run, *comm);
  const int degree = agree_on_expert_degree(config, /*resume=*/false, *comm).degree;
  Stream stream = make_stream(config, device, *comm);
  DeviceWorld world = make_device_world(std::move(comm), device);
  Mesh mesh = make_mesh(std::move(world.comm), degree);
  StepHashes hashes;
  Transformer::Options options = model_options(config, store.vocabulary(), device);
  options.watch = &hashes;
  Transformer model(config.model, config.router, options, mesh);
  Trainer trainer(model, mesh, config.train, stream, GuardConfig{.enabled = false});
  set_weights(trainer, config.train.initial, *mesh.world);
  std::optional<Loader> loader;
  agree(*mesh.world, [&] {
    loader.emplace(store, /*rows_folder=*/"", "train", loader_layout(config, store, *mesh.world));
  });
  LayoutTrace trace;
  for (std::int64_t step = 0; step < num_steps; ++step) {
    StepReport report;
    trace.seconds += seconds_of([&] { report = trainer.step(step, loader->step(step)); });
    trace.hash_seconds += seconds_of([&] {
      trace.steps.push_back(hashes.take(model, report, mesh, stream));
      trace.problems.push_back(find_unequal_replicas(model.params(), mesh, stream));
    });
  }
  return trace;
}

}  // namespace switchyard
