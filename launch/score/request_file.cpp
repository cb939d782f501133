#include "launch/score/request_file.h"

#include "runtime/error.h"

namespace switchyard::tasks {

namespace {

bool is_whole_text(const Row& row) { return row.has("text") && !row.has("context"); }

}  // namespace

RequestFile::RequestFile(const std::filesystem::path& file) : rows_(read_rows(file)) {
  for (const Row& row : rows_) {
    if (is_whole_text(row)) {
      row.text("text");
    } else {
      row.text("context");
      row.text("continuation");
    }
  }
}

std::vector<ScoreRequest> RequestFile::encode(RequestEncoder& encoder) {
  std::vector<ScoreRequest> requests;
  for (const Row& row : rows_) {
    Asked asked{.whole_text = is_whole_text(row)};
    const std::size_t before = requests.size();
    if (asked.whole_text) {
      for (ScoreRequest& part : encoder.rolling(row.text("text"))) {
        requests.push_back(std::move(part));
      }
    } else {
      TokenRequest one = encoder.encode(row.text("context"), row.text("continuation"), row.where());
      num_joined_ += one.joined ? 1 : 0;
      num_cut_ += one.cut ? 1 : 0;
      requests.push_back(std::move(one.request));
    }
    asked.num_requests = requests.size() - before;
    for (std::size_t i = before; i < requests.size(); ++i) {
      asked.num_tokens += std::ssize(requests[i].tokens) - requests[i].first;
    }
    asked_.push_back(asked);
  }
  return requests;
}

std::string RequestFile::answers(std::span<const Score> scores) const {
  std::string lines;
  for (const Asked& asked : asked_) {
    double log_probability = 0.0;
    for (const Score& score : scores.first(asked.num_requests)) {
      log_probability += score.log_probability;
    }
    nlohmann::ordered_json line = {{"logprob", log_probability}};
    if (!asked.whole_text) line["greedy"] = scores.front().greedy;
    line["tokens"] = asked.num_tokens;
    lines += line.dump() + "\n";
    scores = scores.subspan(asked.num_requests);
  }
  return lines;
}

}  // namespace switchyard::tasks
