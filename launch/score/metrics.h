// From scores to the figures of lm-eval 0.4.13.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "launch/score/tasks.h"
#include "train/inference/score.h"

namespace switchyard::tasks {

struct Metric {
  std::string name;  // acc, acc_norm, acc_bytes or perplexity
  double value = 0.0;
  std::optional<double> error;  // standard error; none for fewer than two items
  bool operator==(const Metric&) const = default;
};

// What an item adds to a metric: 1 or 0, or a log-probability for perplexity.
struct ItemFigures {
  double acc = 0.0, acc_norm = 0.0, acc_bytes = 0.0, log_probability = 0.0;
};

// scores: of the item's requests. Of equal options the first counts. acc_norm divides each by the
// characters of the answer, acc_bytes by its bytes.
ItemFigures figures_of(const Item& item, Kind kind, std::span<const Score> scores);

// The mean of each, with its standard error. Perplexity is e to the minus mean log-probability, its
// error that of the mean times itself (lm-eval draws bootstrap samples).
std::vector<Metric> metrics_of(std::span<const ItemFigures> items, Kind kind);

// acc of several tasks together, each weighted by its number of items, with the pooled standard
// error. sizes: of the tasks; metrics: acc of each.
Metric pooled(std::span<const std::int64_t> sizes, std::span<const Metric> metrics);

}  // namespace switchyard::tasks
