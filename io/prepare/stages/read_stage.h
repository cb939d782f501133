// The first stage of `prepare`: reads, filters and signs documents, and spills them by partition.
#pragma once

#include "io/prepare/work/job.h"

namespace switchyard::prepare {

// Collective. Makes one spill file for each unit of the inputs
// (io/prepare/work/spilled_documents.h).
void run_read_stage(const Job& job);

}  // namespace switchyard::prepare
