// RoundedValues: the weights in bf16, rounded once for all products that read them.
#pragma once

#include "runtime/params/params.h"

namespace switchyard {

// While one lives, values stay as they are, and products of Linear in bf16 on a GPU read a copy
// that was rounded when it was made: the same bits as rounding for each product. It makes no copy
// on a CPU, whose products pack their operands anyway, or where no product with a weight is in
// bf16. Every step, evaluation and text has one. Errors: Exit::internal if the values were neither
// initialised nor loaded.
class RoundedValues {
 public:
  RoundedValues(Params& params, Stream& stream) : params_(params) { params.round_values(stream); }
  ~RoundedValues() { params_.forget_rounded_values(); }
  RoundedValues(const RoundedValues&) = delete;
  RoundedValues& operator=(const RoundedValues&) = delete;

 private:
  Params& params_;
};

}  // namespace switchyard
