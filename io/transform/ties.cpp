#include "io/transform/ties.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/hd.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

// The 31 bits of a magnitude: 16 are counted in the first pass, 15 in the second.
constexpr int lower_bits = 15;
constexpr std::size_t upper_buckets = std::size_t{1} << 16, lower_buckets = std::size_t{1} << 15;

// The magnitudes of x - base.
SWITCHYARD_MULTIVERSION void magnitudes(const float* x, const float* base, std::size_t count,
                                        std::uint32_t* out) {
  for (std::size_t e = 0; e < count; ++e) out[e] = magnitude_bits(x[e] - base[e]);
}

SWITCHYARD_MULTIVERSION bool any_with_upper(const std::uint32_t* bits, std::uint32_t upper,
                                            std::size_t count) {
  std::uint32_t found = 0;
  for (std::size_t e = 0; e < count; ++e) found |= bits[e] >> lower_bits == upper ? 1U : 0U;
  return found != 0;
}

SWITCHYARD_MULTIVERSION void keep_from(std::uint32_t least, const float* x, const float* base,
                                       double weight, std::size_t count, double* weights) {
  for (std::size_t e = 0; e < count; ++e)
    weights[e] = magnitude_bits(x[e] - base[e]) >= least ? weight : 0.0;
}

class Ties final : public UnitOp {
 public:
  explicit Ties(std::shared_ptr<const TiesCounting> counting) : counting_(std::move(counting)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    MergeBlock block(unit);
    while (block.next()) {
      counting_->trim(unit, block);
      block.elect(counting_->sign_of_cancelled());
      block.combine(counting_->merge(), out);
    }
  }

 private:
  std::shared_ptr<const TiesCounting> counting_;
};

}  // namespace

TiesCounting::TiesCounting(MergeSettings merge, TiesOver over)
    : merge_(std::move(merge)), over_(over), thresholds_(merge_.weights.size()) {}

std::size_t TiesCounting::num_buckets() const { return pass_ == 0 ? upper_buckets : lower_buckets; }

std::span<std::int64_t> TiesCounting::next_pass() {
  if (pass_ == num_passes()) return {};
  counters_.assign(pass_ == 2 ? 1 : thresholds_.size() * num_buckets(), 0);
  return counters_;
}

void TiesCounting::count(const Unit& unit) {
  if (pass_ == 2) {
    for (MergeBlock block(unit); block.next();) {
      trim(unit, block);
      counters_[0] += block.sum_of_signs();
    }
    return;
  }
  for (std::size_t i = 0; i < thresholds_.size(); ++i) count(unit, i);
}

// Adds one input's differences to its histogram.
void TiesCounting::count(const Unit& unit, std::size_t input) {
  constexpr std::size_t capacity = 1024, few = 32;
  std::int64_t* const histogram = counters_.data() + input * num_buckets();
  const std::uint32_t upper = thresholds_[input].bits >> lower_bits;
  std::uint32_t bits[capacity];
  for (std::size_t begin = 0; begin < unit.size; begin += capacity) {
    const std::size_t count = std::min(capacity, unit.size - begin);
    magnitudes(unit.inputs[input].data() + begin, unit.inputs.back().data() + begin, count, bits);
    if (pass_ == 0) {
      for (std::size_t e = 0; e < count; ++e) ++histogram[bits[e] >> lower_bits];
      continue;
    }
    for (std::size_t first = 0; first < count; first += few) {
      const std::size_t last = std::min(first + few, count);
      if (!any_with_upper(bits + first, upper, last - first)) continue;
      for (std::size_t e = first; e < last; ++e) {
        if (bits[e] >> lower_bits == upper) ++histogram[bits[e] % lower_buckets];
      }
    }
  }
}

void TiesCounting::end_pass() {
  for (std::size_t i = 0; i < thresholds_.size() && pass_ < 2; ++i) {
    const std::span histogram(counters_.data() + i * num_buckets(), num_buckets());
    Threshold& threshold = thresholds_[i];
    if (pass_ == 0) {
      const std::int64_t all = std::reduce(histogram.begin(), histogram.end());
      threshold.left = num_kept(all);
      threshold.none = threshold.left == 0;
      threshold.found = threshold.none || threshold.left >= all;
    }
    if (!threshold.found) choose(histogram, threshold);
  }
  if (pass_ == 2) majority_ = counters_[0] > 0 ? 1 : counters_[0] < 0 ? -1 : 0;
  counters_ = {};
  ++pass_;
}

// Goes down from the largest to the bucket in which the last one lies that stays.
void TiesCounting::choose(std::span<const std::int64_t> histogram, Threshold& threshold) const {
  std::size_t bucket = histogram.size() - 1;
  for (; histogram[bucket] < threshold.left; --bucket) threshold.left -= histogram[bucket];
  threshold.bits |= static_cast<std::uint32_t>(bucket) << (pass_ == 0 ? lower_bits : 0);
}

std::int64_t TiesCounting::num_kept(std::int64_t elements) const {
  const auto share =
      static_cast<std::int64_t>(std::floor(merge_.density * static_cast<double>(elements)));
  return over_ == TiesOver::model ? share + 1 : share;
}

void TiesCounting::trim(const Unit& unit, MergeBlock& block) const {
  const float* const base = unit.inputs.back().data() + block.begin();
  for (std::size_t i = 0; i < thresholds_.size(); ++i) {
    const float* const x = unit.inputs[i].data() + block.begin();
    const std::span<double> weights = block.weights(i);
    const double weight = thresholds_[i].none ? 0.0 : merge_.weights[i];
    const std::uint32_t least = thresholds_[i].bits;
    keep_from(least, x, base, weight, weights.size(), weights.data());
  }
}

std::shared_ptr<const UnitOp> ties_op(std::shared_ptr<const TiesCounting> counting) {
  return std::make_shared<Ties>(std::move(counting));
}

}  // namespace switchyard
