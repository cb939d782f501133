// The third stage of `prepare`: brings documents together that share a key.
#pragma once

#include <filesystem>
#include <vector>

#include "io/prepare/store/earlier_documents.h"
#include "io/prepare/work/order.h"

namespace switchyard::prepare {

// The files of one partition of keys, as io/prepare/stages/independent_set.h reads them.
std::filesystem::path group_file(const Job& job, int key_partition);
std::filesystem::path earlier_pairs_file(const Job& job, int key_partition);

// Collective. Makes both files for each partition of keys.
void run_group_stage(const Job& job, const Order& order, EarlierDocuments& earlier);

}  // namespace switchyard::prepare
