// The seventh stage of `prepare`: indexes the kept documents by their keys, for later generations.
#pragma once

#include <vector>

#include "io/folder/extent.h"
#include "io/prepare/work/bitmap.h"
#include "io/prepare/work/order.h"

namespace switchyard::prepare {

// Collective. One file of the documents layer for each partition of keys, in their order.
std::vector<FileEntry> run_index_stage(const Job& job, const Order& order, const Bitmap& kept);

}  // namespace switchyard::prepare
