// Chosen experts in JSON lines.
#pragma once

#include <filesystem>

#include "launch/bench/recorded/recorded_trace.h"

namespace switchyard::bench {

// See read_trace. Errors: Exit::data with the line's number.
TraceChoices read_trace_lines(const std::filesystem::path& path);

}  // namespace switchyard::bench
