// Searches of the cut stage for repeated lines and paragraphs.
#pragma once

#include "io/prepare/stages/cut_work.h"

namespace switchyard::prepare {

// Collective. kind: lines or paragraphs, of the texts without the cuts of the kinds before it.
// Makes the files of its cuts.
void run_unit_stage(CutWork& work, CutKind kind);

}  // namespace switchyard::prepare
