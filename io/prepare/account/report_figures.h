// Report figures: the plots and examples of report.html.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

struct Share {
  const char* color;  // a class of the style sheet
  std::int64_t amount = 0;
};

// A plot with its heading and a line below it, all of them HTML already.
std::string figure_html(const std::string& title, const std::string& plot,
                        const std::string& caption);

// A horizontal bar whose whole length is `whole`.
std::string track_html(const std::vector<Share>& shares, std::int64_t whole);

// Clusters, lengths, Jaccard and tokens: a section of those that the report has.
std::string figures_html(const nlohmann::json& report);

// Up to three examples to unfold; "" if there are none.
std::string examples_html(const std::string& title, const nlohmann::json& examples);

}  // namespace switchyard::prepare
