// dataset_card: the README.md of a dataset.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// Markdown: sources and licences, what was done to the text, how to cite, use and check it. A stage
// that `report` (report.json) does not have was off.
std::string dataset_card(const nlohmann::json& report);

}  // namespace switchyard::prepare
