// The fourth stage of `prepare`: decides which documents stay.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/prepare/stages/independent_set.h"
#include "io/prepare/store/earlier_documents.h"
#include "io/prepare/work/bitmap.h"
#include "io/prepare/work/order.h"
#include "io/prepare/work/spilled_documents.h"

namespace switchyard::prepare {

// Why a document was removed, in terms that outlive the work folder.
struct Decision {
  std::int64_t ordinal = 0;
  ContentHash keeper;  // its content hash
  float jaccard = 0.0F;
  RemovalReason reason = RemovalReason::exact;
};

struct Decisions {
  Bitmap removed;        // by ordinal; duplicates only, on all ranks
  nlohmann::json tally;  // {rounds, clusters, jaccard}
};

// Collective. Makes one file of decisions for each partition.
Decisions run_keep_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                         const EarlierDocuments& earlier);

// Reads the decisions about one partition, by ordinal. On any rank.
std::vector<Decision> load_decisions(const Job& job, int partition);

}  // namespace switchyard::prepare
