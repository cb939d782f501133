#include "launch/score/metrics.h"

#include <algorithm>
#include <cmath>

#include "launch/score/python_text.h"

namespace switchyard::tasks {
namespace {

// Whether the first of the largest values is the right one.
template <class Value>
double is_best(const Item& item, Value value) {
  std::vector<double> values(item.requests.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(i);
  const auto best = std::max_element(values.begin(), values.end());
  return static_cast<std::size_t>(best - values.begin()) == item.gold ? 1.0 : 0.0;
}

struct Mean {
  double value = 0.0;
  std::optional<double> error;
};

Mean mean_of(std::span<const ItemFigures> items, double ItemFigures::*figure) {
  const auto count = static_cast<double>(items.size());
  double sum = 0.0, squares = 0.0;
  for (const ItemFigures& item : items) sum += item.*figure;
  const double mean = sum / count;
  if (items.size() < 2) return {mean, std::nullopt};
  for (const ItemFigures& item : items) squares += std::pow(item.*figure - mean, 2);
  return {mean, std::sqrt(squares / (count - 1.0)) / std::sqrt(count)};
}

}  // namespace

ItemFigures figures_of(const Item& item, Kind kind, std::span<const Score> scores) {
  const auto log_probability = [&](std::size_t i) { return scores[i].log_probability; };
  if (kind == Kind::last_word) {
    return {.acc = scores[0].greedy ? 1.0 : 0.0, .log_probability = log_probability(0)};
  }
  return {.acc = is_best(item, log_probability),
          .acc_norm = is_best(item,
                              [&](std::size_t i) {
                                return log_probability(i) /
                                       static_cast<double>(num_characters(item.answers[i]));
                              }),
          .acc_bytes = is_best(item, [&](std::size_t i) {
            return log_probability(i) / static_cast<double>(item.answers[i].size());
          })};
}

std::vector<Metric> metrics_of(std::span<const ItemFigures> items, Kind kind) {
  std::vector<Metric> metrics;
  const auto add = [&](const char* name, double ItemFigures::*figure) {
    const Mean mean = mean_of(items, figure);
    metrics.push_back({name, mean.value, mean.error});
  };
  add("acc", &ItemFigures::acc);
  if (kind == Kind::normalised) {
    add("acc_norm", &ItemFigures::acc_norm);
    add("acc_bytes", &ItemFigures::acc_bytes);
  }
  if (kind == Kind::last_word) {
    const Mean mean = mean_of(items, &ItemFigures::log_probability);
    const double perplexity = std::exp(-mean.value);
    metrics.push_back({"perplexity", perplexity, std::nullopt});
    if (mean.error) metrics.back().error = perplexity * *mean.error;
  }
  return metrics;
}

Metric pooled(std::span<const std::int64_t> sizes, std::span<const Metric> metrics) {
  double items = 0.0, sum = 0.0, squares = 0.0;
  bool known = true;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto size = static_cast<double>(sizes[i]);
    items += size;
    sum += metrics[i].value * size;
    known &= metrics[i].error.has_value();
    squares += (size - 1.0) * size * std::pow(metrics[i].error.value_or(0.0), 2);
  }
  Metric all{"acc", sum / items, std::nullopt};
  if (known) all.error = std::sqrt(squares / (items - static_cast<double>(sizes.size())) / items);
  return all;
}

}  // namespace switchyard::tasks
