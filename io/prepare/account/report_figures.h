// Report figures: the plots and examples of report.html.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// Clusters, lengths, Jaccard and tokens: a section of those that the report has.
std::string figures_html(const nlohmann::json& report);

// Up to three examples to unfold; "" without examples.
std::string examples_html(const std::string& title, const nlohmann::json& examples);

}  // namespace switchyard::prepare
