#include "io/transform/ties.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "io/transform/merge_math.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

// The 31 bits of a magnitude: 16 are counted in the first pass, 15 in the second.
constexpr int lower_bits = 15;
constexpr std::size_t upper_buckets = std::size_t{1} << 16, lower_buckets = std::size_t{1} << 15;

std::uint32_t magnitude(const Unit& unit, std::size_t input, std::size_t e) {
  return magnitude_bits(unit.inputs[input][e] - unit.inputs.back()[e]);
}

class Ties final : public UnitOp {
 public:
  explicit Ties(std::shared_ptr<const TiesCounting> counting) : counting_(std::move(counting)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    const MergeSettings& merge = counting_->merge();
    Element element(unit);
    std::vector<double> weights(merge.weights.size()), c(merge.weights.size());
    for (std::size_t e = 0; e < out.size(); ++e) {
      element.take(e);
      counting_->trim(unit, e, weights);
      element.elect(weights, counting_->sign_of_cancelled());
      element.coefficients(weights, merge, c);
      out[e] = element.combined(c);
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
    Element element(unit);
    std::vector<double> weights(merge_.weights.size());
    for (std::size_t e = 0; e < unit.size; ++e) {
      element.take(e);
      trim(unit, e, weights);
      counters_[0] += element.sign_of_sum(weights);
    }
    return;
  }
  for (std::size_t i = 0; i < thresholds_.size(); ++i) {
    std::int64_t* const histogram = counters_.data() + i * num_buckets();
    const std::uint32_t upper = thresholds_[i].bits >> lower_bits;
    for (std::size_t e = 0; e < unit.size; ++e) {
      const std::uint32_t bits = magnitude(unit, i, e);
      if (pass_ == 0) {
        ++histogram[bits >> lower_bits];
      } else if (bits >> lower_bits == upper) {
        ++histogram[bits % lower_buckets];
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

void TiesCounting::trim(const Unit& unit, std::size_t e, std::vector<double>& weights) const {
  for (std::size_t i = 0; i < thresholds_.size(); ++i) {
    const Threshold& threshold = thresholds_[i];
    const bool stays = !threshold.none && magnitude(unit, i, e) >= threshold.bits;
    weights[i] = stays ? merge_.weights[i] : 0.0;
  }
}

std::shared_ptr<const UnitOp> ties_op(std::shared_ptr<const TiesCounting> counting) {
  return std::make_shared<Ties>(std::move(counting));
}

}  // namespace switchyard
