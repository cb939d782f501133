// TrainingAttempt: one attempt at a run, from the moment it owns the run directory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "launch/assemble/run_data.h"
#include "launch/config/config.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lease.h"
#include "launch/run/run_directory.h"
#include "launch/training/run_account.h"
#include "launch/training/run_notes.h"
#include "launch/training/saving.h"
#include "launch/training/start.h"
#include "launch/training/trained_model.h"
#include "launch/training/training.h"
#include "runtime/error.h"
#include "runtime/flight_record.h"
#include "train/step/run.h"

namespace switchyard {

class TrainingAttempt {
 public:
  // Collective. Loads the checkpoint of `start`. The caller keeps config, data and record. Errors:
  // agreed, those of what cannot be loaded.
  TrainingAttempt(const Config& config, RunData& data, const Start& start, int expert_degree,
                  FlightRecord& record, std::unique_ptr<Comm> world, Device device);

  // Collective. Trains until the run is done, stopped or must go back. Nothing: the run goes on as
  // next() says, in another attempt.
  std::optional<Exit> run(const TrainingOptions& options);
  const Start& next() const { return next_; }

 private:
  struct Ended {
    RunEnd end;
    std::string problem;  // that the guard reported last
    std::string profile;
  };

  Comm& world() { return trained_.mesh.job(); }
  void begin();
  void load();
  void go_on(const Rewind& rewind);
  void introduce();
  Snapshot snapshot();
  Ended loop(const TrainingOptions& options);
  std::optional<Exit> conclude(const Ended& ended);
  void note_failure(const Error& error);

  const Config& config_;
  RunData& data_;
  FlightRecord& record_;
  RunDirectory directory_;
  TrainedModel trained_;
  RunNotes notes_;
  RunDescription description_;
  RunAccount account_;
  Saving saving_;
  std::optional<Lease> lease_;
  Start next_;
};

}  // namespace switchyard
