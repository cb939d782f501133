#include "launch/bench/tune/cluster_fit.h"

#include <algorithm>
#include <cmath>

#include "runtime/error.h"

namespace switchyard::bench {
namespace {

constexpr double huber = 0.1;  // of a logarithm: where distances begin to count linearly
// How strongly a number is held near that of the start, where cases say little: a slow link hides
// how long packing takes, and noise alone would choose its factors.
constexpr double free_prior = 1e-5, factor_prior = 3e-4, cache_prior = 1e-3, fixed_prior = 1e6;
constexpr std::ptrdiff_t first_of_caches = 11;  // of numbers_of()
constexpr double worthwhile = 0.7;              // of the cost without caches
constexpr double difference = 1e-4;             // of a logarithm, for derivatives
constexpr double longest_step = 1.0;            // of a logarithm
constexpr int max_steps = 80;

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

struct Number {
  double* value;
  double prior;
};

std::vector<Number> numbers_of(ClusterModel& model) {
  return {{&model.node_latency_us, free_prior},
          {&model.node_gb_per_s, free_prior},
          {&model.link_latency_us, free_prior},
          {&model.link_gb_per_s, free_prior},
          {&model.message_gap_us, free_prior},
          {&model.memory_gb_per_s, free_prior},
          {&model.fence_us, free_prior},
          {&model.shared_memory_packing, factor_prior},
          {&model.hierarchical_packing, factor_prior},
          {&model.bf16_packing, factor_prior},
          {&model.int8_packing, factor_prior},
          {&model.packing_cached, cache_prior},
          {&model.cache_mib, cache_prior}};
}

// Solves a x = b for a symmetric positive definite `a`, by Cholesky's decomposition.
Vector solve(Matrix a, Vector b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] = i == j ? std::sqrt(a[i][j]) : a[i][j] / a[j][j];
    }
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

class Fit {
 public:
  Fit(const std::vector<TimedCase>& cases, const RoutingSweep& sweep, const ClusterModel& start)
      : cases_(cases), sweep_(sweep), start_(start) {
    for (const Number& number : numbers_of(start_)) {
      logs_.push_back(std::log(*number.value));
      priors_.push_back(number.prior);
    }
    first_ = logs_;
  }

  // Without caches, unless they explain much more: as two further numbers, they explain some noise.
  ClusterModel run() {
    const double without = search(fixed_prior);
    const Vector found = logs_;
    if (start_.ranks_per_node == 1) return model_at(found);
    return model_at(search(cache_prior) < worthwhile * without ? logs_ : found);
  }

 private:
  // Returns the least cost it finds, at logs_. caches: the prior of their numbers.
  double search(double caches) {
    std::fill(priors_.begin() + first_of_caches, priors_.end(), caches);
    Vector distances = distances_at(logs_);
    double cost = cost_of(distances, logs_), damping = 1e-2;
    for (int step = 0; step < max_steps && damping < 1e8; ++step) {
      const Vector moved = moved_by(distances, damping);
      const Vector there = distances_at(moved);
      const double less = cost - cost_of(there, moved);
      damping = less > 0.0 ? std::max(1e-9, damping / 5.0) : damping * 4.0;
      if (less <= 0.0) continue;
      const bool done = less < 1e-12 * cost;
      logs_ = moved;
      distances = there;
      cost -= less;
      if (done) break;
    }
    return cost;
  }

  ClusterModel model_at(const Vector& logs) const {
    ClusterModel model = start_;
    const std::vector<Number> numbers = numbers_of(model);
    for (std::size_t i = 0; i < logs.size(); ++i)
      *numbers[i].value = std::clamp(std::exp(logs[i]), 1e-5, 1e6);
    return model;
  }

  Vector distances_at(const Vector& logs) const {
    const ClusterModel model = model_at(logs);
    Vector distances;
    for (const TimedCase& timed : cases_)
      distances.push_back(
          std::log(predict_routing(timed.what, sweep_, model).p(0.5) / timed.seconds));
    return distances;
  }

  double cost_of(const Vector& distances, const Vector& logs) const {
    double cost = 0.0;
    for (const double far : distances)
      cost += std::abs(far) < huber ? far * far : 2.0 * huber * std::abs(far) - huber * huber;
    for (std::size_t i = 0; i < logs.size(); ++i)
      cost += priors_[i] * std::pow(logs[i] - first_[i], 2);
    return cost;
  }

  Vector moved_by(const Vector& distances, double damping) const {
    const std::size_t n = logs_.size();
    Matrix slopes;
    for (std::size_t i = 0; i < n; ++i) {
      Vector beside = logs_;
      beside[i] += difference;
      slopes.push_back(distances_at(beside));
      for (std::size_t c = 0; c < cases_.size(); ++c)
        slopes[i][c] = (slopes[i][c] - distances[c]) / difference;
    }
    Matrix normal(n, Vector(n));
    Vector down(n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t c = 0; c < cases_.size(); ++c) {
        const double weight = std::min(1.0, huber / std::max(1e-300, std::abs(distances[c])));
        for (std::size_t j = 0; j < n; ++j) normal[i][j] += weight * slopes[i][c] * slopes[j][c];
        down[i] -= weight * slopes[i][c] * distances[c];
      }
      down[i] -= priors_[i] * (logs_[i] - first_[i]);
      normal[i][i] += priors_[i] + damping * (normal[i][i] + 1e-3);
    }
    Vector moved = solve(normal, down);
    for (std::size_t i = 0; i < n; ++i)
      moved[i] = logs_[i] + std::clamp(moved[i], -longest_step, longest_step);
    return moved;
  }

  const std::vector<TimedCase>& cases_;
  const RoutingSweep& sweep_;
  ClusterModel start_;
  Vector logs_, first_, priors_;  // logarithms of the numbers, those of the start
};

}  // namespace

ClusterModel fit_cluster(const std::vector<TimedCase>& cases, const RoutingSweep& sweep,
                         const ClusterModel& start) {
  for (const TimedCase& timed : cases)
    require(timed.seconds > 0.0, "{} took {} s", timed.what.name(), timed.seconds);
  ClusterModel begin = start;
  if (begin.fence_us == 0.0) begin.fence_us = begin.node_latency_us;
  ClusterModel model = Fit(cases, sweep, begin).run();
  model.assumed.clear();
  return model;
}

}  // namespace switchyard::bench
