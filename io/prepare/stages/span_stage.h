// The search of the cut stage for repeated spans.
#pragma once

#include "io/prepare/stages/cut_work.h"

namespace switchyard::prepare {

// Collective. Finds every span of 50 words that occurs earlier, without comparing two documents:
// spans whose winnowed seed occurs elsewhere are grouped by a 128-bit hash of their words, so the
// result is exact up to a collision of such hashes. Makes the files of cuts.
void run_span_stage(CutWork& work);

}  // namespace switchyard::prepare
