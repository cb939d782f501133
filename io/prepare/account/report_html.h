// report_html: report.json as a page for people.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace switchyard::prepare {

// One page with everything in it: no script, nothing loaded from elsewhere, light or dark as the
// reader's system is. A stage that `report` does not have was off. Whatever comes from documents is
// escaped. Also well-formed XML.
std::string report_html(const nlohmann::json& report);

}  // namespace switchyard::prepare
