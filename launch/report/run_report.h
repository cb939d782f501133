// The HTML report of a run.
#pragma once

#include <string>

#include "launch/report/run_history.h"

namespace switchyard {

// Returns one self-contained page: it has no script, loads nothing from elsewhere, and follows the
// reader's light or dark theme. Whatever comes from files is escaped. The page is also well-formed
// XML.
std::string run_report_html(const RunHistory& history);

}  // namespace switchyard
