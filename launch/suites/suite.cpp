#include "launch/suites/suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/files/durable.h"
#include "io/text/escape.h"
#include "launch/models/recipe_fields.h"
#include "runtime/error.h"

namespace switchyard::suites {
namespace {

namespace fs = std::filesystem;
using models::Fields;

constexpr std::int64_t largest_suite = 1 << 20;

bool takes_texts(TaskKind kind) {
  return kind == TaskKind::loss || kind == TaskKind::robustness || kind == TaskKind::calibration ||
         kind == TaskKind::detect;
}

bool is_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

class SuiteReader {
 public:
  SuiteReader(const Fields& fields, Suite& suite) : fields_(fields), suite_(suite) {}

  void read() {
    suite_.name = fields_.text("name");
    require(is_name(suite_.name), Exit::usage,
            "{}: name = \"{}\" must be of letters, digits, - and _", fields_.place("name"),
            terminal_text(shortened(suite_.name, 60)));
    if (fields_.has("seed")) {
      suite_.seed = static_cast<std::uint64_t>(fields_.integer("seed", 0, INT64_MAX));
    }
    for (const Fields& task : fields_.tables("task")) add_task(task);
    require(!suite_.tasks.empty(), Exit::usage, "{} has no [[task]]", suite_.file.string());
    if (const auto found = fields_.table("contamination")) {
      for (const std::string& text : found->texts("training_texts")) {
        suite_.training_texts.push_back(file(*found, "training_texts", text));
      }
      found->refuse_others();
    }
    if (const auto gates = fields_.table("gate")) {
      for (const std::string& figure : gates->keys()) {
        suite_.gates.push_back(
            parse_gate(figure, gates->text(figure.c_str()), gates->place(figure)));
      }
    }
    fields_.refuse_others();
  }

 private:
  // The path, which must be one. Errors: Exit::usage.
  fs::path file(const Fields& of, const char* key, const std::string& text, bool folder = false) {
    fs::path path = suite_.file.parent_path() / text;
    std::error_code error;
    const bool there = folder ? fs::is_directory(path, error) : fs::is_regular_file(path, error);
    require(there, Exit::usage,
            "{}: {} names {}, and there is no {} {} (paths are relative to the "
            "suite's file)",
            of.place(key), key, terminal_text(text), folder ? "folder" : "file", path.string());
    return path;
  }
  fs::path file(const Fields& of, const char* key) { return file(of, key, of.text(key)); }

  void add_task(const Fields& fields) {
    TaskSpec task{.name = fields.text("name"),
                  .kind = fields.named<TaskKind>("kind"),
                  .where = fields.place("name")};
    require(is_name(task.name), Exit::usage,
            "{}: name = \"{}\" must be of letters, digits, - and _", task.where,
            terminal_text(shortened(task.name, 60)));
    for (const TaskSpec& other : suite_.tasks) {
      require(other.name != task.name, Exit::usage,
              "{}: a second task is named {}; the first is at {}", task.where, task.name,
              other.where);
    }
    read_sources(fields, task);
    read_rest(fields, task);
    fields.refuse_others();
    suite_.tasks.push_back(std::move(task));
  }

  void read_sources(const Fields& fields, TaskSpec& task) {
    if (task.kind == TaskKind::speed) return;
    if (takes_texts(task.kind) && fields.has("dataset")) {
      require(!fields.has("cases"), Exit::usage, "{}: a task has cases or dataset, not both",
              fields.place("dataset"));
      task.dataset = file(fields, "dataset", fields.text("dataset"), /*folder=*/true);
      if (fields.has("split")) task.split = fields.text("split");
      require(task.split == "validation" || task.split == "train", Exit::usage,
              "{}: split must be \"validation\" or \"train\"", fields.place("split"));
    } else {
      task.cases = file(fields, "cases");
    }
    if (task.kind == TaskKind::detect) task.outside = file(fields, "outside");
    if (fields.has("limit")) task.limit = fields.integer("limit", 1, INT64_MAX);
  }

  void read_rest(const Fields& fields, TaskSpec& task) {
    const bool has_loss = task.kind == TaskKind::loss || task.kind == TaskKind::robustness;
    if (has_loss && fields.has("by")) task.by = fields.named<GroupBy>("by");
    require(task.by != GroupBy::year || task.dataset.empty(), Exit::usage,
            "{}: by = \"year\" needs cases, whose field year it takes; a dataset has sources only",
            fields.place("by"));
    std::vector<std::string> corrupt;
    if (task.kind == TaskKind::robustness) {
      corrupt = {"typos:0.01", "typos:0.05", "typos:0.1", "case", "shuffle"};
    }
    if (has_loss && fields.has("corrupt")) corrupt = fields.texts("corrupt");
    require(corrupt.empty() || task.dataset.empty(), Exit::usage,
            "{}: damaged texts need cases; a dataset has tokens only", task.where);
    for (const std::string& text : corrupt) add_corruption(fields, text, task);
    const bool writes = task.kind == TaskKind::keywords || task.kind == TaskKind::texts;
    if (writes && fields.has("tokens")) task.tokens = fields.integer("tokens", 1, 100'000);
    if (task.kind != TaskKind::texts) return;
    if (fields.has("temperature")) task.temperature = fields.number("temperature", 0.0, 100.0);
    if (fields.has("terms")) task.terms = file(fields, "terms");
    if (fields.has("patterns")) task.patterns = file(fields, "patterns");
  }

  static void add_corruption(const Fields& fields, const std::string& text, TaskSpec& task) {
    try {
      task.corrupt.push_back(parse_corruption(text));
    } catch (const Error& error) {
      fail(Exit::usage, "{}: {}", fields.place("corrupt"), error.what());
    }
    const auto same = std::count(task.corrupt.begin(), task.corrupt.end(), task.corrupt.back());
    require(same == 1, Exit::usage, "{}: corrupt names \"{}\" twice", fields.place("corrupt"),
            text);
  }

  const Fields& fields_;
  Suite& suite_;
};

}  // namespace

Suite parse_suite(const std::string& text, const fs::path& file) {
  Suite suite{.text = text, .file = file};
  const toml::table table = models::parse_recipe_toml(text, file.string());
  SuiteReader(Fields(table, file.string()), suite).read();
  for (const Gate& gate : suite.gates) {
    const auto task = std::find_if(suite.tasks.begin(), suite.tasks.end(),
                                   [&](const TaskSpec& one) { return one.name == gate.task; });
    std::vector<std::string> names;
    for (const TaskSpec& one : suite.tasks) names.push_back(one.name);
    require(task != suite.tasks.end(), Exit::usage,
            "{}: the gate {} is of no task; the tasks are {}", gate.where, gate.key(),
            fmt::join(names, ", "));
  }
  return suite;
}

Suite read_suite(const fs::path& file) {
  std::error_code error;
  require(fs::is_regular_file(file, error), Exit::usage, "there is no suite {}", file.string());
  return parse_suite(durable::read_file(file, largest_suite), file);
}

}  // namespace switchyard::suites
