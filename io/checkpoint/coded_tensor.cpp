#include "io/checkpoint/coded_tensor.h"

#include <string_view>

#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::string_view value_prefix = "value/", code_prefix = "code/", scale_prefix = "scale/";

std::string renamed(const std::string& name, std::string_view from, std::string_view to) {
  return std::string(to) + name.substr(from.size());
}

}  // namespace

std::string code_name_of(const std::string& value) {
  return renamed(value, value_prefix, code_prefix);
}
std::string scale_name_of(const std::string& value) {
  return renamed(value, value_prefix, scale_prefix);
}
std::string value_name_of(const std::string& code) {
  return code.starts_with(code_prefix) ? renamed(code, code_prefix, value_prefix) : "";
}

CodedShape coded_shape(const std::string& value, DType code_type, const Shape& codes,
                       const Shape& scales) {
  const int bits = code_type == DType::u8 ? 4 : 8;
  require((code_type == DType::i8 || code_type == DType::u8) && codes.num_dims() == 2 &&
              scales.num_dims() == 2 && codes[0] == scales[0] && codes.size() > 0,
          Exit::data, "the codes of {} are {} {}, and its scales {}", value, name_of(code_type),
          codes, scales);
  const std::int64_t in = codes[1] * 8 / bits;
  require(scales[1] > 0 && in % scales[1] == 0 && (bits == 8 || in / scales[1] % 2 == 0),
          Exit::data, "{} has {} columns, and scales for {} groups of them", value, in, scales[1]);
  return {{codes[0], in}, {bits, in / scales[1]}};
}

}  // namespace switchyard
