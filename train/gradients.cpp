#include "train/gradients.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/trace.h"
#include "train/ops.h"

namespace switchyard {
namespace {

struct Block {
  std::int64_t begin, end;
};

// The blocks this rank counts: a copy's share of the blocks that several ranks hold.
std::vector<Block> my_blocks(const Params& params, Mesh& mesh) {
  std::vector<Block> blocks;
  for (const Param& param : params.all()) {
    Comm& copies = param.spec.expert ? *mesh.replicas : *mesh.world;
    const std::int64_t size = param.spec.shape.size();
    for (std::int64_t begin = 0; begin < size; begin += param_block) {
      const std::int64_t index = (param.offset + begin) / param_block;
      if (index % copies.size() != copies.rank()) continue;
      blocks.push_back({param.offset + begin, param.offset + std::min(size, begin + param_block)});
    }
  }
  return blocks;
}

}  // namespace

void reduce_gradients(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "reduce");
  mesh.world->all_reduce(params.flat_gradients(false), Reduce::sum, stream);
  mesh.replicas->all_reduce(params.flat_gradients(true), Reduce::sum, stream);
}

double gradient_norm(const Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "clip");
  const std::vector<Block> blocks = my_blocks(params, mesh);
  std::vector<double> squares(blocks.size());
  parallel_for(stream, std::ssize(blocks), [&](std::int64_t i) {
    const auto [begin, end] = blocks[static_cast<std::size_t>(i)];
    float gradient[param_block];
    params.read_block_gradient(begin, end, 1.0, gradient);
    TrainOps::on(stream.device())
        .sum_squares(tensor_of(gradient, {end - begin}),
                     tensor_of(&squares[static_cast<std::size_t>(i)], {1}), stream);
  });
  WideSum sum;
  std::int64_t broken = 0;
  for (const double square : squares) {
    if (std::isfinite(square)) {
      sum.add(square);
    } else {
      ++broken;
    }
  }
  mesh.world->all_reduce(tensor_of(sum.words().data(), {WideSum::num_words}), Reduce::sum, stream);
  if (reduce_one(*mesh.world, broken, Reduce::sum) > 0)
    return std::numeric_limits<double>::quiet_NaN();
  return std::sqrt(sum.value());
}

}  // namespace switchyard
