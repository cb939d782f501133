#include "launch/models/parts.h"

#include <utility>

#include "io/transform/copies.h"

namespace switchyard::models {

TensorPart rows_part(std::size_t source, const std::string& name, std::int64_t cols,
                     std::int64_t first, std::int64_t count) {
  return {count * cols, {{source, name, first * cols}}, copy_op()};
}

TensorPart columns_part(std::size_t source, const std::string& name, std::int64_t rows,
                        std::int64_t cols, std::int64_t first, std::int64_t count) {
  return {rows * count, {{source, name, first, count, cols}}, copy_op()};
}

TensorPlan shard_plan(const std::string& name, const std::string& part, std::size_t source,
                      const std::string& from, Shape shape, DType dtype, std::int64_t shard,
                      std::int64_t num_shards) {
  const std::int64_t rows = shape[0], cols = shape[1];
  TensorPlan plan{{name, {}, dtype}, {}};
  if (part == "down") {
    const std::int64_t width = cols / num_shards;
    plan.tensor.shape = {rows, width};
    plan.parts.push_back(columns_part(source, from, rows, cols, shard * width, width));
  } else {
    const std::int64_t width = rows / num_shards;
    plan.tensor.shape = {width, cols};
    plan.parts.push_back(rows_part(source, from, cols, shard * width, width));
  }
  return plan;
}

}  // namespace switchyard::models
