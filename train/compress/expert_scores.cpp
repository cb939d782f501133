#include "train/compress/expert_scores.h"

#include <cmath>
#include <numeric>

#include "runtime/comm/agree.h"
#include "runtime/device/host_access.h"
#include "runtime/error.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

// In eight sums, so that the bits do not depend on the processor.
SWITCHYARD_MULTIVERSION double sum_of_squares(const float* row, std::int64_t count) {
  double sums[8] = {};
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (std::int64_t lane = 0; lane < 8; ++lane)
      sums[lane] += static_cast<double>(row[i + lane]) * static_cast<double>(row[i + lane]);
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  return std::accumulate(sums, sums + 8, 0.0);
}

}  // namespace

ExpertScores::ExpertScores(int num_experts) : sums_(static_cast<std::size_t>(num_experts)) {}

void ExpertScores::mixed(const std::string& /*layer*/, const ExpertResults& results,
                         Stream& stream) {
  const HostRead expert(results.expert, stream), slot(results.slot, stream),
      weight(results.weight, stream), rows(results.results, stream);
  const std::int64_t hidden = results.results.cols();
  for (std::int64_t choice = 0; choice < results.slot.size(); ++choice) {
    const std::int64_t row = slot.as<std::int32_t>()[choice];
    if (row < 0) continue;
    const double norm = std::sqrt(sum_of_squares(rows.as<float>() + row * hidden, hidden));
    const double weighted = static_cast<double>(weight.as<float>()[choice]) * norm;
    Sums& sums = sums_[static_cast<std::size_t>(expert.as<std::int32_t>()[choice])];
    ++sums.tokens;
    if (!std::isfinite(weighted)) {
      finite_ = false;
      continue;
    }
    sums.weighted.add(weighted);
    sums.norms.add(norm);
  }
}

std::vector<ExpertScore> ExpertScores::finish(Comm& world) {
  agree(world, [&] {
    require(finite_, Exit::numerical,
            "an expert computed something that is not finite: the training of the model has "
            "diverged; take an earlier checkpoint");
  });
  std::vector<std::int64_t> words;
  for (Sums& sums : sums_) {
    words.push_back(sums.tokens);
    words.insert(words.end(), sums.weighted.words().begin(), sums.weighted.words().end());
    words.insert(words.end(), sums.norms.words().begin(), sums.norms.words().end());
  }
  Stream stream = Stream::cpu(1);
  world.all_reduce(tensor_of(words.data(), {std::ssize(words)}), Reduce::sum, stream);
  std::vector<ExpertScore> scores;
  auto word = words.begin();
  const auto take = [&] {
    WideSum sum;
    std::copy_n(word, WideSum::num_words, sum.words().begin());
    word += WideSum::num_words;
    return sum.value();
  };
  for (std::size_t expert = 0; expert < sums_.size(); ++expert) {
    const std::int64_t tokens = *word++;
    const double weighted = take(), norms = take();
    const auto divisor = static_cast<double>(std::max<std::int64_t>(tokens, 1));
    scores.push_back({tokens, weighted / divisor, norms / divisor});
  }
  return scores;
}

}  // namespace switchyard
