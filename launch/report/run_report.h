// The report of a run: a page for people.
#pragma once

#include <string>

#include "launch/report/run_history.h"

namespace switchyard {

// One page with everything in it: no script, nothing loaded from elsewhere, light or dark as the
// reader's system is. Whatever comes from files is escaped. Also well-formed XML.
std::string run_report_html(const RunHistory& history);

}  // namespace switchyard
