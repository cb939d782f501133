#include "launch/score/mmlu.h"

#include <algorithm>
#include <map>
#include <optional>

#include "launch/score/python_text.h"
#include "runtime/error.h"

namespace switchyard::tasks {
namespace {

namespace fs = std::filesystem;

struct Category {
  std::string_view name, subjects;  // each subject with a space behind it
};
constexpr Category categories[] = {
    {"mmlu_stem",
     "abstract_algebra anatomy astronomy college_biology college_chemistry "
     "college_computer_science college_mathematics college_physics computer_security "
     "conceptual_physics electrical_engineering elementary_mathematics "
     "high_school_biology high_school_chemistry high_school_computer_science "
     "high_school_mathematics high_school_physics high_school_statistics machine_learning "},
    {"mmlu_humanities",
     "formal_logic high_school_european_history high_school_us_history "
     "high_school_world_history international_law jurisprudence logical_fallacies "
     "moral_disputes moral_scenarios philosophy prehistory professional_law "
     "world_religions "},
    {"mmlu_social_sciences",
     "econometrics high_school_geography high_school_government_and_politics "
     "high_school_macroeconomics high_school_microeconomics high_school_psychology "
     "human_sexuality professional_psychology public_relations security_studies sociology "
     "us_foreign_policy "},
    {"mmlu_other",
     "business_ethics clinical_knowledge college_medicine global_facts human_aging "
     "management marketing medical_genetics miscellaneous nutrition "
     "professional_accounting professional_medicine virology "},
};

// The file of that stem in the folder, if there is one.
std::optional<fs::path> file_in(const fs::path& folder, const std::string& stem) {
  for (const char* kind : {".jsonl", ".ndjson", ".json"}) {
    for (const char* compression : {"", ".gz", ".zst"}) {
      fs::path file = folder / (stem + kind + compression);
      if (fs::is_regular_file(file)) return file;
    }
  }
  return std::nullopt;
}

using BySubject = std::map<std::string, TaskRows>;

// subject: of all rows; empty: they name theirs.
void add_rows(const fs::path& file, const std::string& subject, std::vector<Row> TaskRows::*part,
              BySubject& subjects) {
  for (Row& row : read_rows(file)) {
    const std::string name = subject.empty() ? replace_all(row.text("subject"), " ", "_") : subject;
    (subjects[name].*part).push_back(std::move(row));
  }
}

bool add_folder(const fs::path& folder, const std::string& subject, bool with_shots,
                BySubject& subjects) {
  const std::optional<fs::path> test = file_in(folder, "test");
  if (!test) return false;
  add_rows(*test, subject, &TaskRows::rows, subjects);
  if (!with_shots) return true;
  const std::optional<fs::path> dev = file_in(folder, "dev");
  require(dev.has_value(), Exit::usage, "{} has no dev.jsonl, whose rows --few-shot shows",
          folder.string());
  add_rows(*dev, subject, &TaskRows::shots, subjects);
  return true;
}

BySubject read_folder(const fs::path& folder, bool with_shots) {
  BySubject subjects;
  if (add_folder(folder, "", with_shots, subjects)) return subjects;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    add_folder(entry.path(), entry.path().filename().string(), with_shots, subjects);
  }
  require(!subjects.empty(), Exit::usage,
          "{} has neither a test.jsonl nor folders of subjects with one", folder.string());
  return subjects;
}

BySubject read_file(const fs::path& file, const TaskOptions& options) {
  BySubject subjects;
  add_rows(file, "", &TaskRows::rows, subjects);
  if (options.few_shot == 0) return subjects;
  const auto shots = options.shots.find("mmlu");
  require(shots != options.shots.end(), Exit::usage,
          "--few-shot {} needs --shots mmlu=FILE with the rows to show before each question, or "
          "--task mmlu=FOLDER with a dev.jsonl",
          options.few_shot);
  add_rows(shots->second, "", &TaskRows::shots, subjects);
  for (auto& [subject, rows] : subjects) rows.same_file = is_same_file(shots->second, file);
  return subjects;
}

}  // namespace

std::string category_of(std::string_view subject) {
  const std::string word = std::string(subject) + " ";
  for (const Category& category : categories) {
    for (std::size_t at = 0; (at = category.subjects.find(word, at)) != std::string_view::npos;
         ++at) {
      if (at == 0 || category.subjects[at - 1] == ' ') return std::string(category.name);
    }
  }
  return "";
}

std::vector<Task> read_mmlu(const Template& of, const fs::path& path, const TaskOptions& options) {
  const bool is_folder = fs::is_directory(path);
  require(!is_folder || !options.shots.contains("mmlu"), Exit::usage,
          "--shots mmlu is for a file; the folder {} has its own dev.jsonl", path.string());
  BySubject subjects =
      is_folder ? read_folder(path, options.few_shot > 0) : read_file(path, options);
  std::vector<Task> tasks;
  for (auto& [subject, rows] : subjects) {
    if (rows.rows.empty()) continue;  // shots alone
    if (options.limit >= 0 && std::ssize(rows.rows) > options.limit) {
      rows.rows.erase(rows.rows.begin() + options.limit, rows.rows.end());
    }
    rows.description = "The following are multiple choice questions (with answers) about " +
                       replace_all(subject, "_", " ") + ".\n\n";
    tasks.push_back({.name = "mmlu_" + subject,
                     .kind = of.kind,
                     .group = "mmlu",
                     .category = category_of(subject),
                     .items = make_items(of, rows, options.few_shot)});
  }
  return tasks;
}

}  // namespace switchyard::tasks
