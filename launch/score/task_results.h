// The results of tasks: measured, and written for people and programs.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "launch/score/metrics.h"
#include "launch/score/tasks.h"
#include "launch/score/token_request.h"

namespace switchyard::tasks {

struct TaskResult {
  std::string name;
  bool is_group = false;  // of tasks: it comes before them
  std::int64_t items = 0;
  std::int64_t joined = 0, cut = 0;  // requests (TokenRequest)
  std::vector<Metric> metrics{};
};

class TaskRun {
 public:
  explicit TaskRun(std::vector<Task> tasks) : tasks_(std::move(tasks)) {}

  // Errors: as RequestEncoder's.
  std::vector<ScoreRequest> encode(RequestEncoder& encoder);
  // Once they are encoded: scores of the requests. Groups of MMLU (all, and the categories) come
  // before its subjects.
  std::vector<TaskResult> results(std::span<const Score> scores) const;
  // A JSON line for each item: task, where, gold, logprobs, greedy, acc, and the other figures that
  // the task has.
  std::string samples(std::span<const Score> scores) const;

 private:
  template <class Use>
  void for_items(std::span<const Score> scores, Use use) const;

  std::vector<Task> tasks_;
  std::vector<TaskResult> counts_;  // of each task, without metrics
};

// {TASK: {items, acc, acc_stderr, ..., joined, cut}}.
nlohmann::ordered_json json_of(const std::vector<TaskResult>& results);
std::string table_of(const std::vector<TaskResult>& results);

}  // namespace switchyard::tasks
