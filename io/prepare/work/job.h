// Job: one generation of a dataset being prepared.
#pragma once

#include <vector>

#include "io/prepare/input/inputs.h"
#include "io/prepare/work/partitions.h"
#include "io/prepare/work/run.h"

namespace switchyard::prepare {

struct Job : Run {
  int generation = 0;
  std::vector<Source> sources;  // of this generation, by priority
  Inputs inputs;
  Partitions partitions;
  const Contamination* contamination = nullptr;  // nullptr without evaluation files
};

}  // namespace switchyard::prepare
