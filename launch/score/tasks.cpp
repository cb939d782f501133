#include "launch/score/tasks.h"

#include "launch/host/counted.h"
#include "launch/score/mmlu.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

namespace fs = std::filesystem;

std::string shot_of(const Template& of, const Row& row) {
  const Question question = of.read(row);
  const Option& right = question.options[question.gold];
  return right.context + " " + right.answer + "\n\n";
}

// The first few shots that are not the row itself.
std::string shots_before(const Row& row, const TaskRows& rows,
                         const std::vector<std::string>& texts, std::int64_t few_shot) {
  std::string before;
  std::int64_t taken = 0;
  for (std::size_t i = 0; i < texts.size() && taken < few_shot; ++i) {
    if (rows.same_file && rows.shots[i] == row) continue;
    before += texts[i];
    ++taken;
  }
  require(taken == few_shot, Exit::usage,
          "{}: there are {} to show before it, fewer than --few-shot {}", row.where(),
          counted(taken, "row"), few_shot);
  return before;
}

Item make_item(const Template& of, const Row& row, const std::string& before) {
  Question question = of.read(row);
  Item item{.where = row.where(), .gold = question.gold};
  const std::string_view delimiter = of.kind == Kind::last_word ? "" : " ";
  for (Option& option : question.options) {
    item.requests.push_back({before + option.context, std::string(delimiter) + option.answer});
    item.answers.push_back(std::move(option.answer));
  }
  return item;
}

Task read_task(const Template& of, const fs::path& file, const TaskOptions& options) {
  TaskRows rows{.rows = read_rows(file, options.limit)};
  if (options.few_shot > 0) {
    const auto shots = options.shots.find(std::string(of.name));
    require(shots != options.shots.end(), Exit::usage,
            "--few-shot {} needs --shots {}=FILE with the rows to show before each question",
            options.few_shot, of.name);
    rows.same_file = is_same_file(shots->second, file);
    rows.shots = read_rows(shots->second, rows.same_file ? -1 : options.few_shot);
  }
  return {.name = std::string(of.name),
          .kind = of.kind,
          .items = make_items(of, rows, options.few_shot)};
}

}  // namespace

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error);
}

std::vector<Item> make_items(const Template& of, const TaskRows& rows, std::int64_t few_shot) {
  std::vector<std::string> shots;
  for (const Row& row : rows.shots) shots.push_back(shot_of(of, row));
  std::vector<Item> items;
  for (const Row& row : rows.rows) {
    items.push_back(
        make_item(of, row, rows.description + shots_before(row, rows, shots, few_shot)));
  }
  return items;
}

std::vector<Task> read_tasks(const TaskOptions& options) {
  for (const auto& [name, file] : options.shots) {
    require(options.files.contains(name), Exit::usage, "--shots {0}=... needs --task {0}=...",
            name);
    require(options.few_shot > 0, Exit::usage, "--shots needs --few-shot N");
  }
  std::vector<Task> tasks;
  for (const auto& [name, file] : options.files) {
    const Template& of = template_of(name);
    if (name == "mmlu") {
      for (Task& task : read_mmlu(of, file, options)) tasks.push_back(std::move(task));
    } else {
      tasks.push_back(read_task(of, file, options));
    }
  }
  return tasks;
}

}  // namespace switchyard::tasks
