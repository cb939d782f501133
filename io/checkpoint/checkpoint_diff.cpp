#include "io/checkpoint/checkpoint_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>

#include "runtime/error.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

double value_at(const Tensor& tensor, std::int64_t i) {
  switch (tensor.dtype) {
    case DType::f32:
      return static_cast<double>(tensor.as<float>()[i]);
    case DType::f64:
      return tensor.as<double>()[i];
    case DType::i32:
      return tensor.as<std::int32_t>()[i];
    case DType::i64:
      return static_cast<double>(tensor.as<std::int64_t>()[i]);
    case DType::u8:
      return tensor.as<std::uint8_t>()[i];
    case DType::i8:
      return static_cast<const std::int8_t*>(tensor.data)[i];
    case DType::bf16:
      return static_cast<double>(value_of_bf16(tensor.as<std::uint16_t>()[i]));
  }
  fail(Exit::internal, "a tensor of an unknown type");
}

// Values with other bits are different, be they NaN or zeros of two signs.
void compare(const Tensor& x, const Tensor& y, TensorDifference& difference) {
  const auto* a = static_cast<const char*>(x.data);
  const auto* b = static_cast<const char*>(y.data);
  const auto size = static_cast<std::size_t>(x.bytes()) / static_cast<std::size_t>(x.size());
  double of_a = 0.0, of_both = 0.0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<std::size_t>(i) * size;
    const double u = value_at(x, i), distance = std::abs(u - value_at(y, i));
    of_a += u * u;
    if (std::memcmp(a + at, b + at, size) == 0) continue;
    ++difference.num_changed;
    difference.max = std::max(difference.max, distance);
    of_both += distance * distance;
  }
  const double relative = std::sqrt(of_both / of_a);
  difference.relative =
      std::isfinite(relative) ? relative : std::numeric_limits<double>::infinity();
}

TensorDifference difference_of(const CheckpointReader& a, const CheckpointReader& b,
                               const std::string& name) {
  TensorDifference difference{.name = name};
  if (a.shape(name) != b.shape(name) || a.dtype(name) != b.dtype(name)) {
    difference.unlike = fmt::format("{} {} and {} {}", name_of(a.dtype(name)), a.shape(name),
                                    name_of(b.dtype(name)), b.shape(name));
    return difference;
  }
  const Buffer first(a.shape(name), a.dtype(name)), second(a.shape(name), a.dtype(name));
  a.read(name, first);
  b.read(name, second);
  const Tensor x = first, y = second;
  difference.num_values = x.size();
  if (x.size() > 0) compare(x, y, difference);
  return difference;
}

}  // namespace

CheckpointDifference difference_of(const CheckpointReader& a, const CheckpointReader& b) {
  const auto names_a = a.names(), names_b = b.names();
  std::vector<std::string> names;
  std::set_union(names_a.begin(), names_a.end(), names_b.begin(), names_b.end(),
                 std::back_inserter(names));
  CheckpointDifference found{.num_tensors = std::ssize(names), .differences = {}};
  for (const std::string& name : names) {
    TensorDifference one{.name = name};
    if (!std::ranges::binary_search(names_a, name)) {
      one.unlike = "only in the second";
    } else if (!std::ranges::binary_search(names_b, name)) {
      one.unlike = "only in the first";
    } else {
      one = difference_of(a, b, name);
    }
    if (!one.unlike.empty() || one.num_changed > 0) found.differences.push_back(std::move(one));
  }
  std::ranges::stable_sort(found.differences, [](const auto& x, const auto& y) {
    if (x.unlike.empty() != y.unlike.empty()) return y.unlike.empty();
    return x.relative > y.relative;
  });
  return found;
}

std::string in_words(const TensorDifference& difference) {
  if (!difference.unlike.empty()) return fmt::format("{}: {}", difference.name, difference.unlike);
  return fmt::format("{}: {} of {} values, relative {:.3g}, at most {:.3g}", difference.name,
                     difference.num_changed, difference.num_values, difference.relative,
                     difference.max);
}

}  // namespace switchyard
