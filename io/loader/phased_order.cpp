#include "io/loader/phased_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard {
namespace {

// No permutation, and no source (SampleOrder), uses this counter.
std::uint64_t seed_of_phase(std::uint64_t seed, std::size_t number) {
  const Philox word = Random(seed, Purpose::data_order, number).bits(~std::uint64_t{0} - 1);
  return std::uint64_t{word[0]} << 32 | word[1];
}

std::vector<SampleOrder::Source> weighed(const std::vector<std::int64_t>& rows,
                                         const std::vector<double>& weights) {
  std::vector<SampleOrder::Source> sources;
  for (std::size_t i = 0; i < rows.size(); ++i) sources.push_back({rows[i], weights[i]});
  return sources;
}

// In the order of their steps.
std::vector<std::pair<std::string, DataPhase>> sorted(const DataPhases& phases) {
  std::vector<std::pair<std::string, DataPhase>> result(phases.begin(), phases.end());
  std::ranges::stable_sort(result, {}, [](const auto& phase) { return phase.second.from; });
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto& [name, phase] = result[i];
    require(
        phase.from >= 1, Exit::usage,
        "data.phases.{}.from = {}: a phase begins at step 1 or later, and data.weights are those "
        "before",
        name, phase.from);
    require(i == 0 || phase.from > result[i - 1].second.from, Exit::usage,
            "data.phases.{} and data.phases.{} both begin at step {}", result[i - 1].first, name,
            phase.from);
  }
  return result;
}

}  // namespace

void check_phase_steps(const DataPhases& phases) { (void)sorted(phases); }

PhasedOrder::PhasedOrder(const std::vector<std::string>& sources,
                         const std::vector<std::int64_t>& rows, const SourceWeights& weights,
                         const DataPhases& phases, std::uint64_t seed, StepSamples samples)
    : samples_(std::move(samples)) {
  const std::vector<double> first = weights_of(sources, weights);
  parts_.push_back({"", 0, 0, first, SampleOrder(weighed(rows, first), seed)});
  for (const auto& [name, phase] : sorted(phases)) {
    SourceWeights merged = weights;
    for (const auto& [source, weight] : phase.weights) merged[source] = weight;
    const std::vector<double> here =
        weights_of(sources, merged, fmt::format("data.phases.{}.weights", name));
    parts_.push_back({name, phase.from, samples_.first_sample(phase.from), here,
                      SampleOrder(weighed(rows, here), seed_of_phase(seed, parts_.size()))});
  }
}

const PhasedOrder::Part& PhasedOrder::part_at(std::int64_t step) const {
  return *std::prev(std::find_if(parts_.begin(), parts_.end(),
                                 [&](const Part& part) { return part.first_step > step; }));
}

std::int64_t PhasedOrder::row(std::int64_t step, std::int64_t slot) const {
  const Part& part = part_at(step);
  return part.order.row(samples_.first_sample(step) - part.first_sample + slot);
}

}  // namespace switchyard
