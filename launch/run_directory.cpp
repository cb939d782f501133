#include "launch/run_directory.h"

#include <nlohmann/json.hpp>

#include "io/durable.h"
#include "launch/environment.h"

namespace switchyard {

void RunDirectory::write_state(const RunState& state) const {
  const nlohmann::ordered_json json = {
      {"status", state.status}, {"attempt", state.attempt},       {"step", state.step},
      {"steps", state.steps},   {"checkpoint", state.checkpoint}, {"problem", state.problem},
      {"updated", utc_now()}};
  durable::replace_file(path_ / "state.json", json.dump(2) + "\n");
}

}  // namespace switchyard
