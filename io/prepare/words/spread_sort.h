// Sorting values whose keys are hashes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace switchyard::prepare {

// As std::sort(values) does, which must order by key first. Keys that are spread evenly over 64
// bits below `num_common_bits` equal ones are dealt by their next bits into buckets of about four,
// and sorting each bucket is then nearly free; what swells a bucket costs what std::sort costs.
template <class T, class Key>
void spread_sort(std::vector<T>& values, int num_common_bits, Key key_of) {
  if (values.size() < 64) {
    std::sort(values.begin(), values.end());
    return;
  }
  const int num_bits =
      std::min(static_cast<int>(std::bit_width(values.size())) - 2, 63 - num_common_bits);
  const auto bucket_of = [&](const T& value) {
    return static_cast<std::size_t>(key_of(value) << num_common_bits >> (64 - num_bits));
  };
  std::vector<std::size_t> ends((std::size_t{1} << num_bits) + 1);
  for (const T& value : values) ++ends[bucket_of(value) + 1];
  for (std::size_t i = 1; i < ends.size(); ++i) ends[i] += ends[i - 1];
  std::vector<T> result(values.size());
  for (const T& value : values) result[ends[bucket_of(value)]++] = value;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    std::sort(result.begin() + static_cast<std::ptrdiff_t>(begin),
              result.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end;
  }
  values = std::move(result);
}

}  // namespace switchyard::prepare
