// Whether a model's probabilities are as often right as they say.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace switchyard::suites {

// A prediction: the probability of the likeliest answer, and whether that was right.
struct Prediction {
  double confidence = 0.0;
  bool right = false;
};

inline constexpr int calibration_bins = 15;

// Expected calibration error: the sum over bins of their share of the predictions times |accuracy -
// mean confidence| (Naeini et al. 2015), with bins of equal width [i/15, (i+1)/15), the last one
// with 1, as in torchmetrics; or of equal counts, the first ones having one more, by rising
// confidence. 0 without predictions.
double calibration_error(std::span<const Prediction> predictions);
double calibration_error_equal_counts(std::span<const Prediction> predictions);

// Mean of (confidence - right)^2 (Brier 1950, of the likeliest answer).
double brier(std::span<const Prediction> predictions);

// log-probabilities of the answers to a question, up to a constant; and the right one.
struct Question {
  std::vector<double> log_probabilities{};
  std::size_t answer = 0;
};
// Softmax of the log-probabilities over the temperature.
std::vector<double> softmax(std::span<const double> log_probabilities, double temperature = 1.0);
// Mean over the questions of the sum over the answers of (probability - right)^2.
double brier(std::span<const Question> questions);

// The temperature with the lowest loss, by which logits are to be divided (Guo et al. 2017). With b
// = 1 / T the mean loss is convex in b; slope(T) has the sign of its derivative by b, and takes the
// form (mean loss - mean entropy) at T. It is asked at most `most` times. Nothing if the loss falls
// on beyond 1/16 or 16, as where all answers are right.
std::optional<double> best_temperature(const std::function<double(double temperature)>& slope,
                                       int most);
std::optional<double> best_temperature(std::span<const Question> questions);

}  // namespace switchyard::suites
