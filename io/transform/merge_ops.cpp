#include "io/transform/merge_ops.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "io/transform/merge_math.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

class Average final : public UnitOp {
 public:
  explicit Average(std::vector<double> weights) : weights_(std::move(weights)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    constexpr std::size_t block = 1024;
    const double all = std::reduce(weights_.begin(), weights_.end());
    double sums[block];
    for (std::size_t begin = 0; begin < out.size(); begin += block) {
      const std::size_t count = std::min(block, out.size() - begin);
      std::fill_n(sums, count, -0.0);  // so that a sum of negative zeros is one
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        const float* const x = unit.inputs[i].data() + begin;
        for (std::size_t e = 0; e < count; ++e) sums[e] += weights_[i] * static_cast<double>(x[e]);
      }
      for (std::size_t e = 0; e < count; ++e) out[begin + e] = static_cast<float>(sums[e] / all);
    }
  }

 private:
  std::vector<double> weights_;
};

class TaskArithmetic final : public UnitOp {
 public:
  explicit TaskArithmetic(MergeSettings settings) : merge_(std::move(settings)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    const double all = std::reduce(merge_.weights.begin(), merge_.weights.end());
    std::vector<double> c;
    for (const double weight : merge_.weights)
      c.push_back(merge_.scale * weight / (merge_.normalize ? all : 1.0));
    Element element(unit);
    for (std::size_t e = 0; e < out.size(); ++e) {
      element.take(e);
      out[e] = element.combined(c);
    }
  }

 private:
  MergeSettings merge_;
};

// Which of the differences stay: four from each block of random numbers.
class DropMask {
 public:
  DropMask(std::uint64_t seed, std::uint64_t tensor, std::size_t input, double density)
      : random_(seed, Purpose::merge_drop, tensor + input * 0x9E3779B97F4A7C15ULL),
        limit_(static_cast<std::uint64_t>(std::llround(density * 0x1p32))) {}

  bool keeps(std::uint64_t element) {
    if (element / 4 != block_) {
      block_ = element / 4;
      words_ = random_.bits(block_);
    }
    return words_[element % 4] < limit_;
  }

 private:
  Random random_;
  std::uint64_t limit_;  // of 2^32
  std::uint64_t block_ = ~std::uint64_t{0};
  Philox words_{};
};

std::uint64_t key_of(const std::string& name) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

class Dare final : public UnitOp {
 public:
  Dare(MergeSettings settings, bool elects, std::uint64_t seed, const std::string& tensor)
      : merge_(std::move(settings)), elects_(elects), seed_(seed), tensor_(key_of(tensor)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    const std::size_t k = merge_.weights.size();
    std::vector<DropMask> masks;
    for (std::size_t i = 0; i < k; ++i) masks.emplace_back(seed_, tensor_, i, merge_.density);
    Element element(unit);
    std::vector<double> c(k), weights(k);
    for (std::size_t e = 0; e < out.size(); ++e) {
      element.take(e);
      for (std::size_t i = 0; i < k; ++i) {
        const bool stays = masks[i].keeps(static_cast<std::uint64_t>(unit.begin) + e);
        weights[i] = stays ? merge_.weights[i] / merge_.density : 0.0;
      }
      if (elects_) element.elect(weights, 1);
      element.coefficients(weights, merge_, c);
      out[e] = element.combined(c);
    }
  }

 private:
  MergeSettings merge_;
  bool elects_;
  std::uint64_t seed_, tensor_;
};

}  // namespace

std::shared_ptr<const UnitOp> average_op(std::vector<double> weights) {
  return std::make_shared<Average>(std::move(weights));
}

std::shared_ptr<const UnitOp> task_arithmetic_op(MergeSettings settings) {
  return std::make_shared<TaskArithmetic>(std::move(settings));
}

std::shared_ptr<const UnitOp> dare_op(MergeSettings settings, bool elects, std::uint64_t seed,
                                      const std::string& tensor) {
  return std::make_shared<Dare>(std::move(settings), elects, seed, tensor);
}

}  // namespace switchyard
