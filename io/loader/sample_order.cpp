#include "io/loader/sample_order.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

// The seed of the choices within one source. No permutation uses a counter this high.
std::uint64_t seed_of_source(std::uint64_t seed, std::size_t source) {
  const Philox word = Random(seed, Purpose::data_order, source).bits(~std::uint64_t{0});
  return std::uint64_t{word[0]} << 32 | word[1];
}

}  // namespace

std::vector<double> weights_of(const std::vector<std::string>& sources,
                               const SourceWeights& weights, const std::string& key) {
  std::vector<double> result(sources.size(), 1.0);
  for (const auto& [name, weight] : weights) {
    bool known = false;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (sources[i] != name) continue;
      result[i] = weight;
      known = true;
    }
    require(known, Exit::usage, "{} names '{}', and the sources of the dataset are {}", key, name,
            fmt::join(sources, ", "));
  }
  return result;
}

SampleOrder::SampleOrder(const std::vector<Source>& sources, std::uint64_t seed) : seed_(seed) {
  std::int64_t first_row = 0;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto [num_rows, weight] = sources[i];
    require(weight >= 0.0 && weight <= largest_weight, Exit::usage,
            "source {} has weight {}: it must be from 0 to {}", i, weight, largest_weight);
    const double passes = std::floor(weight);
    const std::int64_t num_repeated = static_cast<std::int64_t>(passes) * num_rows;
    const std::int64_t num_chosen = std::llround((weight - passes) * static_cast<double>(num_rows));
    if (num_repeated + num_chosen > 0) {
      parts_.push_back({epoch_size_, first_row, num_rows, num_repeated, seed_of_source(seed, i)});
    }
    epoch_size_ += num_repeated + num_chosen;
    first_row += num_rows;
  }
  require(epoch_size_ > 0, Exit::usage,
          "no row is left to train on: data.weights excludes every source that has one");
}

std::int64_t SampleOrder::row(std::int64_t sample) const {
  require(sample >= 0, "sample {}", sample);
  const auto epoch = static_cast<std::uint64_t>(sample / epoch_size_);
  const Permutation order(static_cast<std::uint64_t>(epoch_size_), seed_, epoch);
  const auto entry =
      static_cast<std::int64_t>(order(static_cast<std::uint64_t>(sample % epoch_size_)));
  const Part& part =
      *std::prev(std::upper_bound(parts_.begin(), parts_.end(), entry,
                                  [](std::int64_t e, const Part& p) { return e < p.first_entry; }));
  const std::int64_t within = entry - part.first_entry;
  if (within < part.num_repeated) return part.first_row + within % part.num_rows;
  const Permutation choice(static_cast<std::uint64_t>(part.num_rows), part.seed, epoch);
  return part.first_row +
         static_cast<std::int64_t>(choice(static_cast<std::uint64_t>(within - part.num_repeated)));
}

}  // namespace switchyard
