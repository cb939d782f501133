// Scores on all ranks what rank 0 has read.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "launch/assemble/restored_model.h"
#include "launch/score/token_request.h"

namespace switchyard::tasks {

struct ScoreOptions {
  std::int64_t max_length = 0;    // 0: the model's
  std::int64_t batch_tokens = 0;  // 0: as many as a micro-batch of the model's training has
};

// Errors: Exit::usage if the model reads fewer tokens than max_length, or its router lets later
// tokens change what it says of earlier ones.
std::int64_t max_length_of(const Config& config, const ScoreOptions& options);

// Collective. Returns rank 0's requests on every rank.
std::vector<ScoreRequest> share_requests(std::vector<ScoreRequest> requests, Comm& world);
// As many tokens at a time as a micro-batch of the model's training has, unless options say
// otherwise.
ScoreLayout layout_of(const Config& config, const ScoreOptions& options);

// Collective. requests: of rank 0. The scores are on every rank. Shows progress on stderr.
Scored score_on_ranks(RestoredModel& restored, const ScoreOptions& options,
                      std::vector<ScoreRequest> requests);

}  // namespace switchyard::tasks
