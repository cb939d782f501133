#include "launch/suites/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace switchyard::suites {
namespace {

struct Bin {
  double confidence = 0.0, right = 0.0;
  void add(const Prediction& prediction) {
    confidence += prediction.confidence;
    right += prediction.right ? 1.0 : 0.0;
  }
};
using Bins = std::array<Bin, calibration_bins>;

double error_of(const Bins& bins, std::size_t predictions) {
  double sum = 0.0;
  for (const Bin& bin : bins) sum += std::abs(bin.right - bin.confidence);
  return predictions == 0 ? 0.0 : sum / static_cast<double>(predictions);
}

// Mean loss minus mean entropy of the answers at this temperature.
double slope_of(std::span<const Question> questions, double temperature) {
  double sum = 0.0;
  for (const Question& question : questions) {
    const std::vector<double> share = softmax(question.log_probabilities, temperature);
    const std::vector<double>& logs = question.log_probabilities;
    double mean = 0.0;
    for (std::size_t i = 0; i < logs.size(); ++i) mean += share[i] * logs[i];
    sum += (mean - logs[question.answer]) / temperature;
  }
  return sum / static_cast<double>(questions.size());
}

}  // namespace

double calibration_error(std::span<const Prediction> predictions) {
  Bins bins;
  for (const Prediction& prediction : predictions) {
    int bin = 0;
    while (bin + 1 < calibration_bins &&
           prediction.confidence >= static_cast<double>(bin + 1) / calibration_bins) {
      ++bin;
    }
    bins[static_cast<std::size_t>(bin)].add(prediction);
  }
  return error_of(bins, predictions.size());
}

double calibration_error_equal_counts(std::span<const Prediction> predictions) {
  std::vector<Prediction> sorted(predictions.begin(), predictions.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Prediction& a, const Prediction& b) {
    return a.confidence < b.confidence;
  });
  const std::size_t each = sorted.size() / calibration_bins,
                    more = sorted.size() % calibration_bins;
  Bins bins;
  std::size_t next = 0;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) {
    const std::size_t end = next + each + (bin < more ? 1 : 0);
    while (next < end) bins[bin].add(sorted[next++]);
  }
  return error_of(bins, sorted.size());
}

double brier(std::span<const Prediction> predictions) {
  double sum = 0.0;
  for (const Prediction& prediction : predictions) {
    sum += std::pow(prediction.confidence - (prediction.right ? 1.0 : 0.0), 2);
  }
  return predictions.empty() ? 0.0 : sum / static_cast<double>(predictions.size());
}

std::vector<double> softmax(std::span<const double> log_probabilities, double temperature) {
  const double most = *std::max_element(log_probabilities.begin(), log_probabilities.end());
  std::vector<double> share;
  double sum = 0.0;
  for (const double log_probability : log_probabilities) {
    share.push_back(std::exp((log_probability - most) / temperature));
    sum += share.back();
  }
  for (double& one : share) one /= sum;
  return share;
}

double brier(std::span<const Question> questions) {
  double sum = 0.0;
  for (const Question& question : questions) {
    const std::vector<double> share = softmax(question.log_probabilities);
    for (std::size_t i = 0; i < share.size(); ++i) {
      sum += std::pow(share[i] - (i == question.answer ? 1.0 : 0.0), 2);
    }
  }
  return questions.empty() ? 0.0 : sum / static_cast<double>(questions.size());
}

// Regula falsi with the Illinois rule on log T: the slope by b rises with b, so falls with T.
std::optional<double> best_temperature(const std::function<double(double temperature)>& slope,
                                       int most) {
  double low = -std::log(16.0), high = std::log(16.0);
  double at_low = slope(std::exp(low)), at_high = slope(std::exp(high));
  if (!(at_low > 0.0 && at_high < 0.0)) return std::nullopt;
  double best = 0.0;
  int last_side = 0;
  for (int asked = 2; asked < most; ++asked) {
    best = (low * at_high - high * at_low) / (at_high - at_low);
    const double here = slope(std::exp(best));
    if (std::abs(here) < 1e-9 || high - low < 1e-9) break;
    const int side = here > 0.0 ? -1 : 1;
    if (side < 0) {
      low = best;
      at_low = here;
      if (last_side < 0) at_high *= 0.5;
    } else {
      high = best;
      at_high = here;
      if (last_side > 0) at_low *= 0.5;
    }
    last_side = side;
  }
  return std::exp(best);
}

std::optional<double> best_temperature(std::span<const Question> questions) {
  if (questions.empty()) return std::nullopt;
  return best_temperature([&](double temperature) { return slope_of(questions, temperature); },
                          100);
}

}  // namespace switchyard::suites
