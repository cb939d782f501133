#include "io/transform/merge_ops.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "io/transform/merge_block.h"
#include "runtime/hd.h"
#include "runtime/random_words.h"

namespace switchyard {
namespace {

constexpr std::size_t block_elements = 1024;

SWITCHYARD_MULTIVERSION void add_weighted(double weight, const float* x, std::size_t count,
                                          double* sums) {
  for (std::size_t e = 0; e < count; ++e) sums[e] += weight * static_cast<double>(x[e]);
}

// sums / by: the quotient by the reciprocal, and what it misses (Markstein, "Computation of
// elementary functions on the IBM RISC System/6000 processor", 1990), in half the time of a
// division and with its bits.
SWITCHYARD_MULTIVERSION void divide(double by, std::size_t count, double* sums) {
  const double reciprocal = 1.0 / by;
  for (std::size_t e = 0; e < count; ++e) {
    const double quotient = sums[e] * reciprocal, rest = std::fma(-quotient, by, sums[e]),
                 corrected = std::fma(rest, reciprocal, quotient);
    const bool misses = (rest > 0.0) | (rest < 0.0);  // neither exact nor infinite
    sums[e] = misses ? corrected : quotient;
  }
}

SWITCHYARD_MULTIVERSION void round_to(float* out, const double* sums, std::size_t count) {
  for (std::size_t e = 0; e < count; ++e) out[e] = static_cast<float>(sums[e]);
}

// out = rest base + scale sums. What takes no part adds -0, and may be infinite.
SWITCHYARD_MULTIVERSION void add_base(double rest, const float* base, double scale,
                                      const double* sums, std::size_t count, float* out) {
  for (std::size_t e = 0; e < count; ++e) {
    const double of_base = rest * static_cast<double>(base[e]);
    out[e] = static_cast<float>((rest == 0.0 ? -0.0 : of_base) + scale * sums[e]);
  }
}

// The weighted sums of `count` elements of the unit's first inputs. One of weight 0 takes no part.
void weighted_sums(const std::vector<double>& weights, const Unit& unit, std::size_t begin,
                   std::size_t count, double* sums) {
  std::fill_n(sums, count, -0.0);  // so that a sum of negative zeros is one
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] != 0.0) add_weighted(weights[i], unit.inputs[i].data() + begin, count, sums);
  }
}

class Average final : public UnitOp {
 public:
  explicit Average(std::vector<double> weights) : weights_(std::move(weights)) {}

  bool copies() const override { return weights_.size() == 1; }

  void apply(const Unit& unit, std::span<float> out) const override {
    const double all = std::reduce(weights_.begin(), weights_.end());
    double sums[block_elements];
    for (std::size_t begin = 0; begin < out.size(); begin += block_elements) {
      const std::size_t count = std::min(block_elements, out.size() - begin);
      weighted_sums(weights_, unit, begin, count, sums);
      divide(all, count, sums);
      round_to(out.data() + begin, sums, count);
    }
  }

 private:
  std::vector<double> weights_;
};

// As MergeBlock::combine(), with the same weights for all elements.
class TaskArithmetic final : public UnitOp {
 public:
  explicit TaskArithmetic(MergeSettings settings) : merge_(std::move(settings)) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    double all = 0.0;
    for (const double weight : merge_.weights) all += weight;
    const bool divides = merge_.normalize && all != 0.0;
    const double rest = 1.0 - merge_.scale * (divides ? 1.0 : all);
    double sums[block_elements];
    for (std::size_t begin = 0; begin < out.size(); begin += block_elements) {
      const std::size_t count = std::min(block_elements, out.size() - begin);
      weighted_sums(merge_.weights, unit, begin, count, sums);
      if (divides) divide(all, count, sums);
      add_base(rest, unit.inputs.back().data() + begin, merge_.scale, sums, count,
               out.data() + begin);
    }
  }

 private:
  MergeSettings merge_;
};

SWITCHYARD_MULTIVERSION void keep_up_to(const std::uint32_t* words, std::uint32_t last,
                                        double weight, std::size_t count, double* weights) {
  for (std::size_t e = 0; e < count; ++e) weights[e] = words[e] <= last ? weight : 0.0;
}

// Of the elements from `begin` on, those stay whose 32 random bits are below the limit; a block of
// random numbers has those of four neighbours.
void drop(const RandomWords& random, std::uint64_t begin, double density, double weight,
          std::span<double> weights) {
  const auto limit = static_cast<std::uint64_t>(std::llround(density * 0x1p32));
  if (limit == 0) {
    std::ranges::fill(weights, 0.0);
    return;
  }
  std::uint32_t words[MergeBlock::capacity + 8];
  const std::size_t skipped = begin % 4, count = (skipped + weights.size() + 3) / 4 * 4;
  random.fill(begin / 4, std::span(words).first(count));
  keep_up_to(words + skipped, static_cast<std::uint32_t>(limit - 1), weight, weights.size(),
             weights.data());
}

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
    MergeBlock block(unit);
    while (block.next()) {
      for (std::size_t i = 0; i < merge_.weights.size(); ++i) {
        const RandomWords random(seed_, Purpose::merge_drop, tensor_ + i * 0x9E3779B97F4A7C15ULL);
        drop(random, static_cast<std::uint64_t>(unit.begin) + block.begin(), merge_.density,
             merge_.weights[i] / merge_.density, block.weights(i));
      }
      if (elects_) block.elect(1);
      block.combine(merge_, out);
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
