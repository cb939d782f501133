// MMLU (Hendrycks et al., arXiv:2009.03300): 57 subjects, each a task, in four categories.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "launch/score/tasks.h"

namespace switchyard::tasks {

// path: a file of rows with the field `subject`, whose shots are in the file --shots names; or a
// folder with such files, test.jsonl and dev.jsonl, or with a folder of these two for each subject.
// Each file may be .jsonl, .ndjson or .json, also with .gz or .zst. Errors: as read_tasks.
std::vector<Task> read_mmlu(const Template& of, const std::filesystem::path& path,
                            const TaskOptions& options);

// "mmlu_stem", "mmlu_humanities", "mmlu_social_sciences" or "mmlu_other"; empty for a subject that
// MMLU does not have.
std::string category_of(std::string_view subject);

}  // namespace switchyard::tasks
