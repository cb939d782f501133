// The account of a dataset: report.json, report.html and README.md beside its layers.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// From what the layers' manifests and the generations' reports say. Schema: docs/prepare-data.md.
// Errors: Exit::data if a layer is damaged.
nlohmann::json dataset_report(const std::filesystem::path& dataset);

// Writes all three anew, each whole or not at all.
void write_report_files(const std::filesystem::path& dataset, const nlohmann::json& report);

}  // namespace switchyard::prepare
