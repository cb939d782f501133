#include "io/transform/magnitude.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "runtime/rounding.h"

namespace switchyard {
namespace {

// The 31 bits of a magnitude: 16 are counted in the first pass, 15 in the second.
constexpr int low_bits = 15;
constexpr std::size_t high_buckets = std::size_t{1} << 16, low_buckets = std::size_t{1} << 15;

class PruneByMagnitude final : public UnitOp {
 public:
  explicit PruneByMagnitude(std::shared_ptr<const MagnitudeCounting> counting)
      : counting_(std::move(counting)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    std::ranges::transform(unit.inputs[0], out.begin(),
                           [&](float weight) { return counting_->prunes(weight) ? 0.0F : weight; });
  }

 private:
  std::shared_ptr<const MagnitudeCounting> counting_;
};

class TwoOfFour final : public UnitOp {
 public:
  void apply(const Unit& unit, std::span<float> out) const override {
    for (std::size_t begin = 0; begin < unit.size; begin += 4) {
      std::array<double, 4> scores;
      std::array<bool, 4> zero;
      for (std::size_t i = 0; i < 4; ++i)
        scores[i] = std::abs(static_cast<double>(unit.inputs[0][begin + i]));
      choose_two_of_four(scores, zero);
      for (std::size_t i = 0; i < 4; ++i)
        out[begin + i] = zero[i] ? 0.0F : unit.inputs[0][begin + i];
    }
  }
};

}  // namespace

std::span<std::int64_t> MagnitudeCounting::next_pass() {
  if (pass_ == num_passes()) return {};
  counters_.assign(pass_ == 0 ? high_buckets : low_buckets, 0);
  return counters_;
}

void MagnitudeCounting::count(const Unit& unit) {
  for (const float weight : unit.inputs[0]) {
    const std::uint32_t bits = magnitude_bits(weight);
    if (pass_ == 0) {
      ++counters_[bits >> low_bits];
    } else if (bits >> low_bits == bits_ >> low_bits) {
      ++counters_[bits % low_buckets];
    }
  }
}

void MagnitudeCounting::end_pass() {
  if (pass_ == 0) {
    const auto all = static_cast<double>(std::reduce(counters_.begin(), counters_.end()));
    before_ = static_cast<std::int64_t>(std::floor(sparsity_ * all));
  }
  std::size_t bucket = 0;
  for (; bucket + 1 < counters_.size() && counters_[bucket] <= before_; ++bucket)
    before_ -= counters_[bucket];
  bits_ |= static_cast<std::uint32_t>(bucket) << (pass_ == 0 ? low_bits : 0);
  counters_ = {};
  ++pass_;
}

bool MagnitudeCounting::prunes(float weight) const {
  return sparsity_ > 0 && magnitude_bits(weight) <= bits_;
}

std::shared_ptr<const UnitOp> magnitude_op(std::shared_ptr<const MagnitudeCounting> counting) {
  return std::make_shared<PruneByMagnitude>(std::move(counting));
}

std::shared_ptr<const UnitOp> two_of_four_op() { return std::make_shared<TwoOfFour>(); }

void choose_two_of_four(std::span<const double> scores, std::span<bool> zero) {
  for (std::size_t begin = 0; begin < scores.size(); begin += 4) {
    std::array<std::size_t, 4> order;
    std::iota(order.begin(), order.end(), begin);
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return scores[i]; });
    for (std::size_t i = 0; i < 4; ++i) zero[order[i]] = i < 2;
  }
}

}  // namespace switchyard
