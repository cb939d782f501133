// The loop around steps, with steps, saves and a process that only keep a journal.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/rank_test.h"
#include "train/step/run.h"

namespace switchyard {
namespace run_test {

// What one rank did: "step 0, save 1, ...".
class Journal {
 public:
  void note(const std::string& what) { text_ += (text_.empty() ? "" : ", ") + what; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class FakeSteps : public RunSteps {
 public:
  explicit FakeSteps(Journal& journal) : journal_(journal) {}

  std::map<std::int64_t, StepOutcome> outcomes;  // of steps that are not taken
  bool evaluates = false;
  std::int64_t meets_every = 0;  // steps; 0: never
  std::function<void()> during_evaluation;

  StepReport step(std::int64_t step) override {
    journal_.note(fmt::format("step {}", step));
    StepReport report;
    report.step = step;
    if (const auto found = outcomes.find(step); found != outcomes.end()) {
      report.outcome = found->second;
    }
    return report;
  }
  bool can_evaluate() const override { return evaluates; }
  std::optional<Evaluation> evaluate(const std::function<bool()>& stop) override {
    if (during_evaluation) during_evaluation();
    return stop() ? std::nullopt : std::optional(Evaluation{2.5, {}});
  }
  PlacementReport place_experts() override { return {}; }
  bool meets(std::int64_t steps_done) const override {
    return meets_every > 0 && steps_done % meets_every == 0;
  }
  std::vector<IslandReport> meet(std::int64_t steps_done) override {
    journal_.note(fmt::format("meet {}", steps_done));
    return {{.steps_done = steps_done}};
  }
  void rejoin() override { journal_.note("rejoin"); }

 private:
  Journal& journal_;
};

class FakeSaves : public RunSaves {
 public:
  explicit FakeSaves(Journal& journal) : journal_(journal) {}

  std::int64_t busy_votes = 0;     // how often this rank is still working
  bool notes_sound_steps = false;  // in the journal

  bool working() override { return busy_votes-- > 0; }
  void advance() override { ++num_advances; }
  void save(std::int64_t steps_done) override { journal_.note(fmt::format("save {}", steps_done)); }
  void save_between(std::int64_t steps_done) override {
    if (notes_sound_steps) journal_.note(fmt::format("between {}", steps_done));
  }
  void finish() override { journal_.note("finish"); }

  std::int64_t num_advances = 0;

 private:
  Journal& journal_;
};

class FakeHost : public RunHost {
 public:
  explicit FakeHost(Journal& journal) : journal_(journal) {}

  std::int64_t stops_after = 0;  // this rank is asked to stop during this step; 0: never

  bool stops_now = false;
  std::map<std::int64_t, Judgement> judgements;  // by steps done

  bool stop_requested() const override {
    return stops_now || (stops_after > 0 && steps_done_ >= stops_after);
  }
  void entered(Phase phase) override { phase_ = phase; }
  void stepped(const StepReport& report) override { steps_done_ = report.step + 1; }
  Judgement evaluated(std::int64_t steps_done, const Evaluation& evaluation, bool) override {
    journal_.note(fmt::format("evaluated {}: {}", steps_done, evaluation.loss));
    return judgements[steps_done];
  }
  void placed(const PlacementReport& report) override {
    journal_.note(fmt::format("placed {}", report.steps_done));
  }

  void met(const IslandReport& report) override {
    journal_.note(fmt::format("met {}", report.steps_done));
  }

  Phase phase() const { return phase_; }

 private:
  Journal& journal_;
  std::int64_t steps_done_ = 0;
  Phase phase_ = Phase::start;
};

class Run : public testing::Test {
 protected:
  RunEnd run(const RunRange& range = {}) {
    return run_training(steps_, saves_, host_, config_, range, world_);
  }

  Comm& world_ = test_world();
  bool last_rank_ = world_.rank() == world_.size() - 1;
  TrainConfig config_{.steps = 4, .checkpoint_every = 0};
  Journal journal_;
  FakeSteps steps_{journal_};
  FakeSaves saves_{journal_};
  FakeHost host_{journal_};
};

}  // namespace run_test
}  // namespace switchyard
