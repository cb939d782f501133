// The summary of a dataset: about ten lines for the person who prepared it.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// report: what report.json says. What came in, what each stage removed, what is left in each split,
// and where the report is.
std::string summary_of(const nlohmann::json& report, const std::filesystem::path& dataset);

}  // namespace switchyard::prepare
