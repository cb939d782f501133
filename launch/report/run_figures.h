// The charts of a run's report.
#pragma once

#include <string>

#include "launch/report/run_history.h"

namespace switchyard {

// Returns charts as HTML: loss, learning rate, throughput, goodput, exchange and balance over
// steps; progress over time with every start and checkpoint; expert load over layers and steps.
// Charts without data are left out.
std::string run_figures_html(const RunHistory& history);

}  // namespace switchyard
