#include "launch/plan/replica_rates.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "launch/plan/machine_limits.h"
#include "launch/plan/step_work.h"
#include "runtime/params/param_region.h"

namespace switchyard::plan {
namespace {

struct Seconds {
  double reduce = 0.0, gather = 0.0;
};

// Of a region of `elements`, reduced as a step reduces it.
Seconds seconds_of_region(std::int64_t elements, std::int64_t max_elements, bool exact,
                          Comm& replicas, Mesh& mesh, Stream& stream) {
  if (replicas.size() == 1 || elements == 0) return {};
  const std::int64_t size = in_blocks(std::min(elements, max_elements));
  std::vector<std::int64_t> sizes;
  for (int index = 0; index < replicas.size(); ++index)
    sizes.push_back(owned_part(size, {index, replicas.size()}).size());
  const Buffer gradients({size}, exact ? DType::i64 : DType::f32), values({size}, DType::f32);
  std::memset(gradients.tensor().data, 0, static_cast<std::size_t>(gradients.tensor().bytes()));
  std::memset(values.tensor().data, 0, static_cast<std::size_t>(values.tensor().bytes()));
  Comm& world = *mesh.world;
  const double scale = static_cast<double>(elements) / static_cast<double>(size);
  const double reduce =
      seconds_of_work(world, [&] { replicas.reduce_scatter_parts(gradients, sizes, stream); });
  const double gather =
      seconds_of_work(world, [&] { replicas.all_gather_parts(values, sizes, stream); });
  return {scale * reduce, scale * gather};
}

}  // namespace

ReplicaRates measure_replica_rates(const RunShape& shape, std::int64_t max_elements, Mesh& mesh,
                                   Stream& stream) {
  const Seconds dense = seconds_of_region(shape.trained_dense_elements(), max_elements, shape.exact,
                                          *mesh.world, mesh, stream);
  const Seconds experts = seconds_of_region(shape.trained_expert_elements(), max_elements,
                                            shape.exact, *mesh.replicas, mesh, stream);
  const Traffic traffic = step_traffic(shape);
  ReplicaRates rates;
  if (traffic.gradients > 0.0) rates.reduce = traffic.gradients / (dense.reduce + experts.reduce);
  if (traffic.values > 0.0) rates.gather = traffic.values / (dense.gather + experts.gather);
  return rates;
}

}  // namespace switchyard::plan
