// A model as suites use it: it scores requests and continues texts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "launch/assemble/restored_model.h"
#include "train/inference/route_counts.h"
#include "train/inference/score.h"

namespace switchyard::suites {

class SuiteModel {
 public:
  // Collective. path, sets: as RestoredModel's. Errors: agreed; Exit::usage also for a gate that
  // lets texts change each other's scores.
  SuiteModel(const std::filesystem::path& path, const std::vector<std::string>& sets,
             std::unique_ptr<Comm> world);

  const CheckpointReader& checkpoint() const { return restored_.checkpoint(); }
  const Tokenizer& tokenizer() const { return restored_.tokenizer(); }
  Comm& ranks() { return *restored_.mesh().world; }
  std::int64_t max_length() const { return max_length_; }  // tokens that it reads at once

  // Collective. routes: count the experts that the texts go to, for routes().
  ScoredTokens score(const std::vector<ScoreRequest>& requests, double temperature = 1.0,
                     bool routes = false);
  const RouteCounts& routes() const { return routes_; }

  struct Writing {
    std::int64_t tokens = 100;
    double temperature = 0.0;
    std::uint64_t seed = 1;
  };
  // Collective. The continuations, without the prompts. Bytes that are no UTF-8 become U+FFFD.
  std::vector<std::string> write(const std::vector<std::string>& prompts, const Writing& writing);

 private:
  RouteCounts routes_;
  RestoredModel restored_;
  std::int64_t max_length_ = 0;
};

// The parts of a text whose tokens, the first one the boundary's, are more than the model reads at
// once; each token after the first is asked for once, given those before it in its part.
std::vector<ScoreRequest> parts_of(const std::vector<std::int32_t>& tokens,
                                   std::int64_t max_length);

}  // namespace switchyard::suites
