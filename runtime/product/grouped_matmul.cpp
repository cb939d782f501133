#include "runtime/product/grouped_matmul.h"

#include "runtime/product/cuda_products.h"

namespace switchyard {
namespace {

// A larger matrix takes longer to read than a launch takes, and one product with it fills a GPU:
// the library's own kernels serve it better. Reasoned, not measured.
constexpr std::int64_t max_elements = std::int64_t{1} << 24;

}  // namespace

bool products_go_together(std::int64_t n, std::int64_t k, Precision precision, Stream& stream) {
  return stream.device().kind == Device::Kind::cuda && precision != Precision::int8 &&
         n % operand_elements == 0 && k % operand_elements == 0 && n * k <= max_elements;
}

void matmul_groups(Tensor a, Op op_b, std::span<const RowGroup> groups, Tensor out, Write write,
                   Stream& stream, Precision precision) {
  if (groups.empty()) return;
  const bool rounded = groups.front().matrix.dtype == DType::bf16;
  if (products_go_together(out.cols(), a.cols(), precision, stream) &&
      rounded == (precision == Precision::bf16)) {
    cuda::multiply_groups(a, op_b, groups, out, write, stream);
    return;
  }
  for (const auto& [begin, end, matrix] : groups)
    matmul(a.row_range(begin, end), Op::plain, matrix, op_b, out.row_range(begin, end), write,
           stream, precision);
}

}  // namespace switchyard
