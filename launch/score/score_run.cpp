#include "launch/score/score_run.h"

#include <cstring>

#include "launch/host/progress_line.h"
#include "launch/host/terminal.h"
#include "runtime/error.h"
#include "runtime/product/matmul.h"

namespace switchyard::tasks {
namespace {

// As text that travels: each request's length, first token and tokens.
std::string packed(const std::vector<ScoreRequest>& requests) {
  std::string bytes;
  const auto add = [&](std::int64_t number) {
    const auto word = static_cast<std::int32_t>(number);
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  };
  for (const ScoreRequest& request : requests) {
    add(std::ssize(request.tokens));
    add(request.first);
    for (const std::int32_t token : request.tokens) add(token);
  }
  return bytes;
}

std::vector<ScoreRequest> unpacked(const std::string& bytes) {
  std::vector<std::int32_t> words(bytes.size() / sizeof(std::int32_t));
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  std::vector<ScoreRequest> requests;
  for (auto next = words.begin(); next != words.end(); next += 2 + next[0]) {
    requests.push_back({{next + 2, next + 2 + next[0]}, next[1]});
  }
  return requests;
}

}  // namespace

std::int64_t max_length_of(const Config& config, const ScoreOptions& options) {
  require(config.router.gate != GateKind::expert_choice, Exit::usage,
          "the gate expert_choice chooses among the tokens of a batch, so that a text's score "
          "would depend on the texts beside it");
  const std::int64_t longest = config.data.sequence_length;
  require(options.max_length <= longest, Exit::usage,
          "--max-length {} is more than the {} tokens that the model reads (data.sequence_length)",
          options.max_length, longest);
  return options.max_length > 0 ? options.max_length : longest;
}

std::vector<ScoreRequest> share_requests(std::vector<ScoreRequest> requests, Comm& world) {
  if (world.size() == 1) return requests;
  return unpacked(broadcast_text(world, packed(requests), 0));
}

ScoreLayout layout_of(const Config& config, const ScoreOptions& options) {
  ScoreLayout layout{config.train.micro_batch_size * config.data.sequence_length,
                     config.train.micro_batch_size};
  if (options.batch_tokens > 0) layout.batch_tokens = padded_rows(options.batch_tokens);
  return layout;
}

Scored score_on_ranks(RestoredModel& restored, const ScoreOptions& options,
                      std::vector<ScoreRequest> requests) {
  Comm& ranks = *restored.mesh().world;
  requests = share_requests(std::move(requests), ranks);
  const ScoreLayout layout = layout_of(restored.config(), options);
  ProgressLine line(stderr_is_terminal());
  const auto progress = [&](std::int64_t done, std::int64_t total) {
    if (ranks.rank() == 0 && line.due()) line.show(fmt::format("{} of {} tokens", done, total));
  };
  Scored scored =
      score(restored.model(), restored.mesh(), requests, layout, restored.stream(), progress);
  line.erase();
  return scored;
}

}  // namespace switchyard::tasks
