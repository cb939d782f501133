// The second stage of `prepare`: numbers the documents in canonical order and collects the keys by
// which two of them may be the same.
#pragma once

#include "io/prepare/work/order.h"
#include "io/prepare/work/spilled_documents.h"

namespace switchyard::prepare {

// Collective. Makes a spill file of keyed documents for each partition of documents; the partitions
// within the file are those of the keys.
Order run_order_stage(const Job& job, const SpilledDocuments& documents);

}  // namespace switchyard::prepare
