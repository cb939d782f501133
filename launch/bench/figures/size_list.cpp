#include "launch/bench/figures/size_list.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "runtime/error.h"

namespace switchyard::bench {
namespace {

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::vector<std::int64_t> sizes_of(const std::string& text, std::int64_t low, std::int64_t high) {
  constexpr std::size_t most_sizes = 1000;
  constexpr std::int64_t most_step = 1 << 30;  // far from an overflow
  const std::vector<std::string> parts = parts_of(text);
  std::vector<std::int64_t> numbers;
  const bool range = parts.size() == 3 && parts[2].size() > 1;
  const bool times = range && parts[2][0] == 'x', plus = range && parts[2][0] == '+';
  bool right = parts.size() == 1 || times || plus;
  for (std::size_t i = 0; right && i < parts.size(); ++i) {
    const auto value = number(i == 2 ? parts[i].substr(1) : parts[i]);
    right = value.has_value();
    if (right) numbers.push_back(*value);
  }
  right = right && (!range || (numbers[2] >= (times ? 2 : 1) && numbers[2] <= most_step));
  require(right, Exit::usage,
          "{}: write numbers, or ranges as 256:65536:x2 (each twice the one before) or 8:64:+8",
          text);
  const std::int64_t last = range ? numbers[1] : numbers[0];
  require(numbers[0] >= low && last >= numbers[0] && last <= high, Exit::usage,
          "{}: sizes are {} to {}, the smaller first", text, low, high);
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = numbers[0]; size <= last;
       size = times ? std::max<std::int64_t>(1, size) * numbers[2]
                    : size + (plus ? numbers[2] : 1)) {
    require(sizes.size() < most_sizes, Exit::usage, "{}: more than {} sizes", text, most_sizes);
    sizes.push_back(size);
  }
  return sizes;
}

}  // namespace switchyard::bench
