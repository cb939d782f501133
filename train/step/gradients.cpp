#include "train/step/gradients.h"

#include <cmath>
#include <limits>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/device/trace.h"
#include "train/ops.h"
#include "train/replicas.h"
#include "train/state/value_hash.h"

namespace switchyard {
namespace {

// Calls work(region, replicas, sizes) for each trained region that other ranks hold, too; sizes:
// the elements of it that each replica owns.
template <class Work>
void for_replicated_regions(const Params& params, const Mesh& mesh, Work work) {
  for (const ParamRegion& region : params.regions()) {
    Comm& replicas = replicas_of(region, mesh);
    if (region.trained() && region.size() > 0 && replicas.size() > 1)
      work(region, replicas, region.owned_sizes());
  }
}

// The gradient's squares by block, in the order of owned_blocks: what a rank owns of a region is
// one range.
std::vector<double> squares_of_owned(const Params& params, Stream& stream) {
  const Tensor squares = params.scratch_for_blocks(std::ssize(params.owned_blocks()), DType::f64);
  std::int64_t begin = 0;
  for (const ParamRegion& region : params.regions()) {
    if (!region.trained()) continue;
    const Tensor mine = region.owned_gradients();
    const std::int64_t end = begin + mine.size() / param_block;
    TrainOps::on(stream.device())
        .sum_squares(mine, params.gradient_factor(), squares.range(begin, end), stream);
    begin = end;
  }
  const HostRead host(squares, stream);
  return {host.as<double>(), host.as<double>() + squares.size()};
}

}  // namespace

void reduce_gradients(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "reduce");
  for_replicated_regions(params, mesh,
                         [&](const ParamRegion& region, Comm& replicas, const auto& sizes) {
                           replicas.reduce_scatter_parts(region.gradients(), sizes, stream);
                         });
}

void gather_values(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "gather");
  for_replicated_regions(params, mesh, [&](const ParamRegion& region, Comm& replicas, const auto&) {
    replicas.all_gather_parts(region.values(), region.owned_value_sizes(), stream);
  });
}

double gradient_norm(const Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "clip");
  const std::vector<double> squares = squares_of_owned(params, stream);
  WideSum sum;
  std::int64_t broken = 0;
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const ParamBlock& block = params.owned_blocks()[i];
    if (params.spec(block.id).extra_copy) continue;
    if (std::isfinite(squares[i])) {
      sum.add(squares[i]);
    } else {
      ++broken;
    }
  }
  mesh.world->all_reduce(tensor_of(sum.words().data(), {WideSum::num_words}), Reduce::sum, stream);
  if (reduce_one(*mesh.world, broken, Reduce::sum) > 0)
    return std::numeric_limits<double>::quiet_NaN();
  return std::sqrt(sum.value());
}

std::int64_t gradient_hash(const Params& params, std::span<const std::int64_t> counts, Mesh& mesh,
                           Stream& stream) {
  const Span span(stream, "compare");
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    hash += mixed_bits(counts[i], static_cast<std::int64_t>(i));
  for (const ParamRegion& region : params.regions()) {
    if (!region.trained()) continue;
    hash += static_cast<std::uint64_t>(value_hash(params, region.owned_gradients(), stream));
  }
  // In halves, so that no sum over the ranks overflows.
  std::int64_t halves[] = {static_cast<std::int64_t>(hash & 0xffffffffU),
                           static_cast<std::int64_t>(hash >> 32)};
  mesh.world->all_reduce(tensor_of(halves, {2}), Reduce::sum, stream);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(halves[0]) +
                                   (static_cast<std::uint64_t>(halves[1]) << 32));
}

}  // namespace switchyard
