// What `switchyard scaling fit` prints.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "launch/scaling/fit.h"

namespace switchyard::scaling {

std::string fit_report(const FittedLaw& law, const std::vector<RunPoint>& runs,
                       const std::optional<HeldOut>& held);
nlohmann::ordered_json fit_json(const FittedLaw& law, const std::vector<RunPoint>& runs,
                                const std::optional<HeldOut>& held);

}  // namespace switchyard::scaling
