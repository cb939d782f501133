#include "train/replicas.h"

#include "runtime/device/trace.h"

namespace switchyard {

void gather_values(Params& params, Mesh& mesh, Stream& stream) {
  const Span span(stream, "gather");
  for_replicated_regions(params, mesh, [&](const ParamRegion& region, Comm& replicas, const auto&) {
    replicas.all_gather_parts(region.values(), region.owned_value_sizes(), stream);
  });
}

}  // namespace switchyard
