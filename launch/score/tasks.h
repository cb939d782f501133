// Benchmarks as the requests that a model is scored on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "launch/score/json_rows.h"
#include "launch/score/templates.h"
#include "launch/score/token_request.h"

namespace switchyard::tasks {

// One row of a benchmark: a request for each option of its question.
struct Item {
  std::string where;
  std::vector<TextRequest> requests{};
  std::vector<std::string> answers{};  // of each request, without what is put before it
  std::size_t gold = 0;
};

struct Task {
  std::string name;
  Kind kind = Kind::choice;
  std::string group{}, category{};  // of MMLU's subjects: "mmlu", and "mmlu_stem" or so; else empty
  std::vector<Item> items{};
};

struct TaskOptions {
  std::map<std::string, std::filesystem::path> files{};  // by the task's name
  std::map<std::string, std::filesystem::path> shots{};  // files of the rows to show before each
  std::int64_t few_shot = 0;  // how many of them; not the row itself, if both are one file
  std::int64_t limit = -1;    // items of a task, of a subject with MMLU; -1: all
};

// In the order of the names; MMLU is a task for each subject (launch/score/mmlu.h).
// Errors: Exit::usage for an unknown task, missing files and shots; Exit::data, as Row's.
std::vector<Task> read_tasks(const TaskOptions& options);

// What a task is made of. description: before everything else.
struct TaskRows {
  std::string description{};
  std::vector<Row> rows{}, shots{};
  bool same_file = false;  // the shots are from the rows' file
};
bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);
std::vector<Item> make_items(const Template& of, const TaskRows& rows, std::int64_t few_shot);

}  // namespace switchyard::tasks
