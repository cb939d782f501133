#include "train/gradients.h"

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/trace.h"
#include "train/ops.h"

namespace switchyard {
namespace {

// Calls work(comm, region, sizes) for both regions of the flat buffers: the ranks that hold copies
// of it, whether it is that of the experts, and the elements that each of them owns.
template <class Work>
void for_regions(const Params& params, Mesh& mesh, Work work) {
  for (const bool expert : {false, true}) {
    Comm& copies = expert ? *mesh.replicas : *mesh.world;
    const std::int64_t size = params.flat_values(expert).size();
    if (copies.size() > 1 && size > 0) work(copies, expert, owned_sizes(size, copies.size()));
  }
}

}  // namespace

void reduce_gradients(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "reduce");
  for_regions(params, mesh, [&](Comm& copies, bool expert, const auto& sizes) {
    copies.reduce_scatter_parts(params.flat_gradients(expert), sizes, stream);
  });
}

void gather_values(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "gather");
  for_regions(params, mesh, [&](Comm& copies, bool expert, const auto& sizes) {
    copies.all_gather_parts(params.flat_values(expert), sizes, stream);
  });
}

double gradient_norm(const Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "clip");
  const std::vector<ParamBlock>& blocks = params.owned_blocks();
  std::vector<double> squares(blocks.size());
  parallel_for(stream, std::ssize(blocks), [&](std::int64_t i) {
    const ParamBlock& block = blocks[static_cast<std::size_t>(i)];
    if (params.all()[static_cast<std::size_t>(block.id)].spec.extra_copy) return;
    float gradient[param_block];
    params.read_block_gradient(block, 1.0, gradient);
    TrainOps::on(stream.device())
        .sum_squares(tensor_of(gradient, {block.elements.size()}),
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
