// Params: matrices that training keeps as int8 codes (runtime/codes/row_codes.h). A matrix is one
// range of 32-bit words: the scales of its rows, then its codes.
#include "runtime/device/host_access.h"
#include "runtime/device/parallel.h"
#include "runtime/params/params.h"
#include "runtime/product/product_ops.h"

namespace switchyard {

bool Params::packed(ParamId id) const { return region_of(id).owning() == Owning::packed; }

Tensor Params::stored(ParamId id) const {
  if (!packed(id)) return value(id);
  const Param& asked = param(id);
  return region_of(id).values().range(asked.words, asked.words + packed_words(asked.spec.shape));
}

RowCodes Params::row_codes(ParamId id) const {
  require(packed(id), "parameter {} has no codes", spec(id).name);
  const Tensor words = stored(id);
  const Shape& shape = spec(id).shape;
  const Tensor codes = words.range(shape[0], words.size());
  return {{codes.data, shape, DType::i8, codes.device},
          words.range(0, shape[0]).view({shape[0], 1})};
}

Tensor Params::decoded(ParamId id, Stream& stream) const {
  const Shape& shape = spec(id).shape;
  // Experts with few rows run beside each other.
  thread_local Buffer of_thread;
  const bool beside = beside_other_threads();
  if (beside && of_thread.tensor().size() < shape.size())
    of_thread = Buffer(Shape{shape.size()}, DType::f32);
  const Tensor memory = beside ? of_thread.tensor() : decoded_.tensor();
  const Tensor weights = memory.range(0, shape.size()).view(shape);
  decode_rows(row_codes(id), weights, stream);
  return weights;
}

void Params::set_values(ParamId id, Tensor values, Stream& stream,
                        const std::optional<RoundingChance>& chance) {
  if (packed(id)) {
    encode_rows(values, chance, row_codes(id), stream);
  } else {
    write_now(values.data, value(id));
  }
}

Tensor Params::operand(ParamId id, Precision precision, Stream& stream) const {
  if (packed(id)) return decoded(id, stream);
  const bool rows_are_whole = spec(id).shape[1] % operand_elements == 0;
  return rounded_hold_ && precision == Precision::bf16 && rows_are_whole
             ? view(region_of(id).rounded(), id)
             : value(id);
}

}  // namespace switchyard
