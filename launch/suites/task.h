// Task: what one [[task]] of a suite asks of a model, and what it makes of the answers.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "launch/score/token_request.h"
#include "launch/suites/cases.h"
#include "launch/suites/results.h"
#include "launch/suites/suite_model.h"

namespace switchyard::suites {

// The requests of all tasks; they are scored together.
struct Asking {
  SuiteModel& model;
  tasks::RequestEncoder encoder;
  std::vector<ScoreRequest> requests{};

  explicit Asking(SuiteModel& of) : model(of), encoder(of.tokenizer(), of.max_length()) {}
};

class Task {
 public:
  virtual ~Task() = default;
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Appends requests. Not collective. Errors: Exit::data naming a case's file, line and field.
  virtual void ask(Asking&) {}
  // Collective; every rank returns the same. scored: of all requests.
  virtual TaskResult judge(const ScoredTokens& scored, SuiteModel& model) = 0;
};

// The caller keeps the spec and the cases.
std::unique_ptr<Task> make_choice_task(const TaskSpec& spec, const std::vector<CaseRow>& cases);
std::unique_ptr<Task> make_pairs_task(const TaskSpec& spec, const std::vector<CaseRow>& cases);
std::unique_ptr<Task> make_keywords_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                         std::uint64_t seed);
std::unique_ptr<Task> make_texts_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                      std::uint64_t seed);
// Of the kinds loss and robustness.
std::unique_ptr<Task> make_loss_task(const TaskSpec& spec, const std::vector<CaseRow>& cases,
                                     std::uint64_t seed);
std::unique_ptr<Task> make_calibration_task(const TaskSpec& spec,
                                            const std::vector<CaseRow>& cases);
std::unique_ptr<Task> make_detect_task(const TaskSpec& spec, const TaskCases& cases);
std::unique_ptr<Task> make_speed_task(const TaskSpec& spec);

// Sums over the tokens of the requests [first, end).
double log_probability(const ScoredTokens& scored, std::size_t first, std::size_t end);
std::int64_t num_tokens(const ScoredTokens& scored, std::size_t first, std::size_t end);

}  // namespace switchyard::suites
