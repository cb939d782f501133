// TrainedModel: the model of an attempt, its trainer, and what they compute with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "launch/config/config.h"
#include "launch/training/start.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/device_comm.h"
#include "runtime/comm/mesh.h"
#include "train/step/routing_tape.h"
#include "train/step/trainer.h"

namespace switchyard {

struct TrainedModel {
  // Collective; takes over the communicator. The caller keeps the config.
  TrainedModel(const Config& run_config, std::int64_t vocabulary, const Start& start,
               int expert_degree, std::unique_ptr<Comm> comm, Device device);

  const Config& config;
  Stream stream;
  std::string how;  // a line for the log, of the communicators
  Mesh mesh;
  std::unique_ptr<RunTape> tape;
  Transformer model;
  Trainer trainer;
};

}  // namespace switchyard
