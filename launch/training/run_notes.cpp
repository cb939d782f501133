#include "launch/training/run_notes.h"

#include <utility>

#include "launch/run/logs.h"

namespace switchyard {

RunNotes::RunNotes(RunDirectory directory, int attempt, std::int64_t num_steps, const Mesh& mesh)
    : directory_(std::move(directory)),
      log_(make_logger(directory_.logs(), mesh)),
      log_file_(file_of(*log_)),
      unless_full_(*log_) {
  if (mesh.job().rank() == 0) {
    metrics_.emplace(directory_, attempt, mesh.job().size(), num_steps);
  }
}

void RunNotes::state(const RunState& state) {
  if (on_root()) unless_full_([&] { directory_.write_state(state); });
}

}  // namespace switchyard
