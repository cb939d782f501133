// A file of requests, and the file of their answers: how other programs ask for scores.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "launch/score/json_rows.h"
#include "launch/score/token_request.h"

namespace switchyard::tasks {

// Rows of {"context": TEXT, "continuation": TEXT}, or {"text": TEXT} for a whole text.
class RequestFile {
 public:
  // Errors: as read_rows; Exit::data, naming the line, for a row that is neither.
  explicit RequestFile(const std::filesystem::path& file);

  // Errors: as RequestEncoder's.
  std::vector<ScoreRequest> encode(RequestEncoder& encoder);
  // Once they are encoded: a JSON line for each row, in order: {"logprob", "greedy", "tokens"} of
  // the continuation, in nats; for a whole text {"logprob", "tokens"}.
  std::string answers(std::span<const Score> scores) const;

  std::int64_t num_joined() const { return num_joined_; }
  std::int64_t num_cut() const { return num_cut_; }

 private:
  struct Asked {
    std::size_t num_requests = 1;  // parts of a whole text
    std::int64_t num_tokens = 0;
    bool whole_text = false;
  };
  std::vector<Row> rows_;
  std::vector<Asked> asked_;  // by each row
  std::int64_t num_joined_ = 0, num_cut_ = 0;
};

}  // namespace switchyard::tasks
