// Drift: whether documents are still like those that a profile was made of.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/monitor/drift_profile.h"

namespace switchyard::monitor {

// What is compared: PSI of the tokens; KS of losses, confidences and lengths; CUSUM of losses.
inline constexpr std::array<const char*, 5> statistic_names = {
    "psi_tokens", "ks_loss", "ks_confidence", "ks_length", "cusum_loss"};
using Statistics = std::array<double, statistic_names.size()>;

struct DriftOptions {
  std::int64_t window = 256;  // documents that are compared at a time
  double alarms = 0.005;      // share of the windows of like documents that give an alarm
  std::uint64_t seed = 1;     // of the bootstrap
};

struct DriftWindow {
  std::int64_t first = 0, size = 0;  // documents
  Statistics values{}, thresholds{};
  bool exceeds(std::size_t statistic) const { return values[statistic] > thresholds[statistic]; }
  bool alarm() const;
};

// Compares windows of the documents, in their order, with the profile. The thresholds come from
// the profile alone: 10,000 windows drawn from its documents, as far as a profile of finitely many
// documents is known to be off itself. The last window has up to half as many documents more or
// less; fewer than a window are one window. Requires: both have documents. Errors: Exit::usage for
// fewer than 8 documents.
std::vector<DriftWindow> find_drift(const DriftProfile& profile,
                                    std::span<const DocumentTraits> documents,
                                    const DriftOptions& options);

nlohmann::ordered_json json_of(std::span<const DriftWindow> windows);

}  // namespace switchyard::monitor
