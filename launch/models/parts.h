// Parts of tensors, for models that are put together from pieces of others.
#pragma once

#include <cstdint>
#include <string>

#include "io/transform/tensor_plan.h"

namespace switchyard::models {

// Rows [first, first + count) of a matrix [.., cols].
TensorPart rows_part(std::size_t source, const std::string& name, std::int64_t cols,
                     std::int64_t first, std::int64_t count);
// Columns [first, first + count) of a matrix [rows, cols].
TensorPart columns_part(std::size_t source, const std::string& name, std::int64_t rows,
                        std::int64_t cols, std::int64_t first, std::int64_t count);

// The shard `shard` of `num_shards` of a feed-forward network's matrix `part`, "gate", "up" or
// "down", which is `from` [rows, cols] of the source: rows of gate and up, columns of down, so that
// the shards' outputs add up to the network's. name: of the new tensor.
TensorPlan shard_plan(const std::string& name, const std::string& part, std::size_t source,
                      const std::string& from, Shape shape, DType dtype, std::int64_t shard,
                      std::int64_t num_shards);

}  // namespace switchyard::models
