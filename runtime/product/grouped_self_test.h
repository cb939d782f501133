// The start-up self-test of products that are computed in one launch.
#pragma once

#include "runtime/product/grouped_matmul.h"

namespace switchyard {

// Whether the product, made for groups of rows or as the gradient of one group among others, has
// the same bits however its rows are grouped, wherever its operands lie, and agrees with sums in
// double. Mixes its bits into hash. ProductOps::groups_go_together() holds; `other` is another
// stream of the same GPU.
bool repeats_in_groups(const MatmulShape& shape, Stream& stream, Stream& other,
                       std::uint64_t& hash);

}  // namespace switchyard
