// What a plan assumes because it was not measured.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "launch/plan/rates.h"
#include "runtime/names.h"

namespace switchyard {
namespace plan {

// The sizes that the rates of a run depend on, for RatesOrigin.
std::map<std::string, std::string> sizes_of_rates(const Config& config, const RunShape& shape);

// Where the rate of a part of a step comes from: measured by the same operation between as many
// ranks as the run has on as many nodes, given by the user, or assumed.
enum class RateSource : std::uint8_t { measured, given, assumed };
}  // namespace plan

template <>
inline constexpr std::array<std::string_view, 3> names_of<plan::RateSource> = {"measured", "given",
                                                                               "assumed"};
namespace plan {

struct RateBasis {
  RateSource source = RateSource::measured;
  std::string why;  // it was not measured, and what measures it; empty if it was
};
RateBasis basis_of(const PartWork& work, const RunShape& shape, const Rates& rates);

// Lines for the user: each names the parts that it holds for. sizes: those of the run.
std::vector<std::string> assumptions(const RunShape& shape, const Rates& rates,
                                     const std::map<std::string, std::string>& sizes);

}  // namespace plan
}  // namespace switchyard
