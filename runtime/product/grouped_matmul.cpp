#include "runtime/product/grouped_matmul.h"

#include "runtime/product/product_ops.h"

namespace switchyard {

void matmul_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                   Stream& stream, Precision precision) {
  if (groups.empty()) return;
  ProductOps::on(stream.device()).multiply_groups(a, op_b, groups, out, write, stream, precision);
}

}  // namespace switchyard
