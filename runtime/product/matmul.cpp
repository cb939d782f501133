#include "runtime/product/matmul.h"

#include "runtime/device/ops.h"
#include "runtime/product/product_ops.h"

namespace switchyard {

void matmul(Tensor a, Op op_a, Tensor b, Op op_b, Tensor out, Write write, Stream& stream,
            Precision precision) {
  const std::int64_t m = out.rows(), n = out.cols();
  const std::int64_t k = op_a == Op::plain ? a.cols() : a.rows();
  require((op_a == Op::plain ? a.rows() : a.cols()) == m, "matmul: a is {}, out is {}", a.shape,
          out.shape);
  require((op_b == Op::plain ? b.rows() : b.cols()) == k &&
              (op_b == Op::plain ? b.cols() : b.rows()) == n,
          "matmul: a is {}, b is {}, out is {}", a.shape, b.shape, out.shape);
  require(op_a == Op::plain || op_b == Op::plain, "matmul: both operands are transposed");
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (write == Write::replace) RuntimeOps::on(stream.device()).zero(out, stream);
    return;
  }
  ProductOps::on(stream.device())
      .multiply({m, n, k, op_a, op_b, precision}, write, a, b, out, stream);
}

}  // namespace switchyard
