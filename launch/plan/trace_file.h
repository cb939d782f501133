// Writes a rank's spans to a file that ui.perfetto.dev and chrome://tracing open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "runtime/device/trace.h"

namespace switchyard::plan {

// Trace Event Format: one complete event ("ph": "X") for each span, microseconds since `start`, the
// rank as the process.
void write_trace_file(const std::filesystem::path& file, int rank, Trace::Clock::time_point start,
                      const std::vector<Trace::Event>& spans);

}  // namespace switchyard::plan
