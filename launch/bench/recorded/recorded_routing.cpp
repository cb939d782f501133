#include "launch/bench/recorded/recorded_routing.h"

#include "launch/bench/recorded/recorded_run.h"
#include "launch/bench/recorded/recorded_trace.h"

namespace switchyard::bench {

std::unique_ptr<const RecordedRouting> open_recorded(const std::filesystem::path& path) {
  if (std::filesystem::is_regular_file(path))
    return std::make_unique<const RecordedTrace>(read_trace(path), path.string());
  return std::make_unique<const RecordedRun>(path);
}

}  // namespace switchyard::bench
