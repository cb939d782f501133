#include "launch/score/task_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace switchyard::tasks {
namespace {

using Json = nlohmann::ordered_json;

// Adds up what tasks of one name belong to, in the order of the first of each.
class Groups {
 public:
  void add(const std::string& name, const TaskResult& part) {
    if (name.empty()) return;
    const auto found = std::ranges::find(groups_, name, &Group::name);
    Group& group = found == groups_.end() ? groups_.emplace_back(Group{name, {}, {}, {}}) : *found;
    group.counts.joined += part.joined;
    group.counts.cut += part.cut;
    group.counts.items += part.items;
    group.sizes.push_back(part.items);
    group.accuracies.push_back(part.metrics.front());
  }
  void append_to(std::vector<TaskResult>& results) const {
    for (Group group : groups_) {
      group.counts.name = group.name;
      group.counts.is_group = true;
      group.counts.metrics = {pooled(group.sizes, group.accuracies)};
      results.push_back(std::move(group.counts));
    }
  }

 private:
  struct Group {
    std::string name;
    TaskResult counts;
    std::vector<std::int64_t> sizes;
    std::vector<Metric> accuracies;
  };
  std::vector<Group> groups_;
};

}  // namespace

std::vector<ScoreRequest> TaskRun::encode(RequestEncoder& encoder) {
  std::vector<ScoreRequest> requests;
  for (const Task& task : tasks_) {
    TaskResult counts{.name = task.name, .items = std::ssize(task.items)};
    for (const Item& item : task.items) {
      for (const TextRequest& request : item.requests) {
        TokenRequest one = encoder.encode(request.context, request.continuation, item.where);
        counts.joined += one.joined ? 1 : 0;
        counts.cut += one.cut ? 1 : 0;
        requests.push_back(std::move(one.request));
      }
    }
    counts_.push_back(std::move(counts));
  }
  return requests;
}

// Calls use(number of the task, item, its scores) for each item.
template <class Use>
void TaskRun::for_items(std::span<const Score> scores, Use use) const {
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    for (const Item& item : tasks_[task].items) {
      use(task, item, scores.first(item.requests.size()));
      scores = scores.subspan(item.requests.size());
    }
  }
}

std::vector<TaskResult> TaskRun::results(std::span<const Score> scores) const {
  std::vector<std::vector<ItemFigures>> figures(tasks_.size());
  for_items(scores, [&](std::size_t task, const Item& item, std::span<const Score> of) {
    figures[task].push_back(figures_of(item, tasks_[task].kind, of));
  });
  std::vector<TaskResult> single = counts_, results;
  Groups all, categories;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    single[i].metrics = metrics_of(figures[i], tasks_[i].kind);
    all.add(tasks_[i].group, single[i]);
    categories.add(tasks_[i].category, single[i]);
  }
  all.append_to(results);
  categories.append_to(results);
  std::ranges::move(single, std::back_inserter(results));
  return results;
}

std::string TaskRun::samples(std::span<const Score> scores) const {
  std::string lines;
  for_items(scores, [&](std::size_t number, const Item& item, std::span<const Score> of) {
    const Task& task = tasks_[number];
    const ItemFigures figures = figures_of(item, task.kind, of);
    Json line = {{"task", task.name}, {"where", item.where}};
    if (task.kind != Kind::last_word) line["gold"] = item.gold;
    for (const Score& score : of) {
      line["logprobs"].push_back(score.log_probability);
      line["greedy"].push_back(score.greedy);
    }
    line["acc"] = figures.acc;
    if (task.kind == Kind::normalised) {
      line["acc_norm"] = figures.acc_norm;
      line["acc_bytes"] = figures.acc_bytes;
    }
    lines += line.dump() + "\n";
  });
  return lines;
}

Json json_of(const std::vector<TaskResult>& results) {
  Json tasks = Json::object();
  for (const TaskResult& result : results) {
    Json& task = tasks[result.name] = {{"items", result.items}};
    for (const Metric& metric : result.metrics) {
      task[metric.name] = metric.value;
      task[metric.name + "_stderr"] = metric.error ? Json(*metric.error) : Json(nullptr);
    }
    task["joined"] = result.joined;
    task["cut"] = result.cut;
  }
  return tasks;
}

std::string table_of(const std::vector<TaskResult>& results) {
  std::size_t width = 4;
  for (const TaskResult& result : results) width = std::max(width, result.name.size());
  std::string table = fmt::format("{:<{}}  {:>6}  {:<10}  {:>8}  {:>7}\n", "task", width, "items",
                                  "metric", "value", "stderr");
  for (const TaskResult& result : results) {
    for (const Metric& metric : result.metrics) {
      const bool first = &metric == &result.metrics.front();
      table += fmt::format("{:<{}}  {:>6}  {:<10}  {:>8.4f}  {:>7}\n", first ? result.name : "",
                           width, first ? fmt::to_string(result.items) : "", metric.name,
                           metric.value, metric.error ? fmt::format("{:.4f}", *metric.error) : "-");
    }
  }
  return table;
}

}  // namespace switchyard::tasks
