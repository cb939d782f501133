#include "launch/bench/figures/routing_result.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace switchyard::bench {
namespace {

template <class Value>
std::vector<double> of_each(const std::vector<Iteration>& iterations, Value value) {
  std::vector<double> values;
  values.reserve(iterations.size());
  for (const Iteration& iteration : iterations) values.push_back(value(iteration));
  return values;
}

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0.0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> seconds_of(const std::vector<Iteration>& iterations) {
  return of_each(iterations, [](const Iteration& i) { return i.seconds; });
}

void append(std::vector<double>& to, const std::vector<double>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double low = values[below], high = values[std::min(below + 1, values.size() - 1)];
  return low + (place - static_cast<double>(below)) * (high - low);
}

void RankSums::add(const RankSums& more) {
  for (const auto field : {&RankSums::seconds, &RankSums::rows, &RankSums::node_out,
                           &RankSums::node_in, &RankSums::link_out, &RankSums::link_in})
    this->*field += more.*field;
}

double RoutingResult::p(double share) const { return quantile(seconds_of(iterations), share); }
double RoutingResult::mean() const { return mean_of(seconds_of(iterations)); }

double RoutingResult::part(double Iteration::*which) const {
  return quantile(of_each(iterations, [&](const Iteration& i) { return i.*which; }), 0.5);
}

double RoutingResult::bytes(std::int64_t Traffic::*which) const {
  return mean_of(of_each(
      iterations, [&](const Iteration& i) { return static_cast<double>(i.traffic.*which); }));
}

double RoutingResult::gb_per_s(std::int64_t Traffic::*which) const {
  return quantile(of_each(iterations,
                          [&](const Iteration& i) {
                            return 1e-9 * static_cast<double>(i.traffic.*which) / i.seconds;
                          }),
                  0.5);
}

double RoutingResult::algbw() const {
  return 1e-9 * bytes(&Traffic::logical_bytes) / ranks / p(0.5);
}

double RoutingResult::share_of_peak() const {
  double share = 0.0;
  if (peak_node > 0.0 && travels()) share = gb_per_s(&Traffic::node_bytes) / peak_node;
  if (peak_link > 0.0) share = std::max(share, gb_per_s(&Traffic::link_bytes) / peak_link);
  return share;
}

double RoutingResult::tokens_per_second() const { return bytes(&Traffic::tokens) / p(0.5); }

double RoutingResult::skew() const {
  double rows = 0.0;
  for (const RankSums& rank : of_ranks) rows += rank.rows;
  const double mean =
      rows / static_cast<double>(of_ranks.size()) / static_cast<double>(iterations.size());
  return mean > 0.0 ? bytes(&Traffic::max_rows) / mean : 0.0;
}

double RoutingResult::noise() const { return (p(0.75) - p(0.25)) / p(0.5); }

std::vector<double> RoutingResult::medians() const {
  const std::vector<double> seconds = seconds_of(iterations);
  const std::ptrdiff_t each = std::ssize(seconds) / repeats;
  std::vector<double> medians;
  for (auto begin = seconds.begin(); std::ssize(medians) < repeats; begin += each)
    medians.push_back(quantile({begin, begin + each}, 0.5));
  return medians;
}

double RoutingResult::spread() const {
  const std::vector<double> each = medians();
  return (quantile(each, 1.0) - quantile(each, 0.0)) / quantile(each, 0.5);
}

int RoutingResult::slowest_rank() const {
  const auto slowest =
      std::max_element(of_ranks.begin(), of_ranks.end(),
                       [](const RankSums& a, const RankSums& b) { return a.seconds < b.seconds; });
  return static_cast<int>(slowest - of_ranks.begin());
}

void RoutingResult::add(RoutingResult more) {
  iterations.insert(iterations.end(), more.iterations.begin(), more.iterations.end());
  append(raw, more.raw);
  append(plain, more.plain);
  append(copy, more.copy);
  for (std::size_t rank = 0; rank < of_ranks.size(); ++rank)
    of_ranks[rank].add(more.of_ranks[rank]);
  if (more.wrong) wrong = wrong.value_or(0) + *more.wrong;
  repeats += more.repeats;
}

}  // namespace switchyard::bench
