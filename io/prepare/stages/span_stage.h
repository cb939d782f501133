// The search of the cut stage for repeated spans.
#pragma once

#include "io/prepare/stages/cut_work.h"

namespace switchyard::prepare {

// Collective. Finds every span of 50 words that stands before, without comparing two documents:
// spans whose winnowed seed stands anywhere else are brought together by a hash of 128 bits of
// their words, so what is found is exact up to a collision of those. Makes the files of cuts.
void run_span_stage(CutWork& work);

}  // namespace switchyard::prepare
