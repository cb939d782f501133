#include "launch/scaling/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "launch/scaling/run_points.h"
#include "runtime/error.h"
#include "runtime/random.h"
#include "tests/io/scratch.h"

namespace switchyard::scaling {
namespace fit_test {

constexpr Constants dense = {482.01, 0, -0.3478, 0, 2085.43, 0, -0.3658, 0, 1.8172};
constexpr Constants joint = {35.91,  -0.2285, -0.1889, 0.0098, 35.98,
                             0.5529, -0.1775, -0.0259, 1.3637};

// Runs of a law, with normal noise of ln L.
std::vector<RunPoint> runs_of(LawForm form, const Constants& law, double noise,
                              std::uint64_t seed = 1) {
  std::vector<RunPoint> runs;
  const Random random(seed, Purpose::sampling);
  for (const double experts : {1.0, 2.0, 8.0, 32.0}) {
    for (const double parameters : {2e7, 6e7, 2e8, 6e8}) {
      for (const double ratio : {5.0, 20.0, 80.0}) {
        if (form == LawForm::dense && experts > 1.0) continue;
        const ModelSize size{.active = parameters,
                             .total = parameters * experts,
                             .body = parameters,
                             .tokens = ratio * parameters,
                             .experts = experts};
        const double factor = std::exp(noise * random.normal(runs.size()));
        runs.push_back({"run", size, loss_of(form, law, size) * factor});
      }
    }
  }
  return runs;
}

void expect_near(const Constants& found, const Constants& hidden, double share) {
  for (std::size_t i = 0; i < num_constants; ++i)
    EXPECT_NEAR(found[i], hidden[i], share * std::abs(hidden[i]) + 1e-12) << constant_names[i];
}

TEST(Fit, RecoversADenseLaw) {
  const FittedLaw law = fit_law(runs_of(LawForm::dense, dense, 0.0), {.bootstrap = 0});
  EXPECT_EQ(law.form, LawForm::dense);
  expect_near(law.constants, dense, 0.01);
  EXPECT_LT(law.scatter, 1e-6);
}

TEST(Fit, RecoversTheJointLaw) {
  const FittedLaw law = fit_law(runs_of(LawForm::joint, joint, 0.0), {.bootstrap = 0});
  EXPECT_EQ(law.form, LawForm::joint);
  expect_near(law.constants, joint, 0.02);
}

// tests/long/scaling_golden.py
TEST(Fit, EqualsSciPy) {
  const std::string folder = SWITCHYARD_SOURCE_DIR "/tests/golden/scaling";
  const FittedLaw law = fit_law(read_runs({folder + "/runs.csv"}).runs, {.bootstrap = 0});
  std::ifstream file(folder + "/scipy.json");
  const auto scipy = nlohmann::json::parse(file);
  for (const std::size_t i : constants_of(LawForm::dense)) {
    const double expected = scipy.at("constants").at(std::string(constant_names[i]));
    EXPECT_NEAR(law.constants[i] / expected, 1.0, 1e-4) << constant_names[i];
  }
}

TEST(Fit, IntervalsCoverHiddenLosses) {
  const ModelSize next{.active = 2e9, .total = 2e9, .body = 2e9, .tokens = 4e10};
  int covered = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const FittedLaw law =
        fit_law(runs_of(LawForm::dense, dense, 0.005, seed), {.bootstrap = 60, .seed = seed});
    covered += law.interval(next).holds(loss_of(LawForm::dense, dense, next)) ? 1 : 0;
  }
  EXPECT_GE(covered, 15);
}

TEST(Fit, IsTheSameTwice) {
  const std::vector<RunPoint> runs = runs_of(LawForm::joint, joint, 0.01);
  const FitOptions options{.form = LawForm::mixtures, .bootstrap = 5};
  EXPECT_EQ(print_fitted_law(fit_law(runs, options)), print_fitted_law(fit_law(runs, options)));
}

TEST(Fit, OneBadRunMovesLittle) {
  std::vector<RunPoint> runs = runs_of(LawForm::dense, dense, 0.0);
  const ModelSize size = runs[4].size;
  runs[4].loss *= 1.1;
  const FittedLaw law = fit_law(runs, {.bootstrap = 0});
  EXPECT_NEAR(law.loss(size), loss_of(LawForm::dense, dense, size), 2e-3);
}

TEST(Fit, FileReadsBack) {
  const Scratch scratch;
  const FittedLaw law = fit_law(runs_of(LawForm::dense, dense, 0.01), {.bootstrap = 9});
  const std::filesystem::path file = scratch / "law.json";
  std::ofstream(file) << print_fitted_law(law);
  EXPECT_EQ(print_fitted_law(read_fitted_law(file)), print_fitted_law(law));
  std::ofstream(file) << "{\"version\": 1}";
  EXPECT_THROW(read_fitted_law(file), Error);
}

TEST(Fit, ReadsTables) {
  const Scratch scratch;
  const std::filesystem::path csv = scratch / "runs.csv", jsonl = scratch / "runs.jsonl";
  std::ofstream(csv) << "name, N, D, L, E, k\na, 1e6, 2e7, 3.5, 8, 2\r\n\nb,2e6,4e7,3.25,,\n";
  std::ofstream(jsonl) << R"({"parameters": 3e6, "tokens": 60000000, "loss": 3.0})" << '\n';
  const RunsRead read = read_runs({csv, jsonl});
  ASSERT_EQ(read.runs.size(), 3U);
  EXPECT_EQ(read.runs[0].name, "a");
  EXPECT_EQ(read.runs[0].size.expansion(), 4.0);
  EXPECT_EQ(read.runs[1].size.expansion(), 1.0);
  EXPECT_EQ(read.runs[2].size.tokens, 6e7);
  std::ofstream(csv) << "N,D,L\n1e6,many,3\n";
  EXPECT_THROW(read_runs({csv}), Error);
  std::ofstream(csv) << "N,D\n1e6,1e7\n";
  EXPECT_THROW(read_runs({csv}), Error);
}

TEST(Fit, SaysWhichRunsAreMissing) {
  const auto message = [](std::vector<RunPoint> runs, LawForm form) -> std::string {
    try {
      fit_law(runs, {.form = form, .bootstrap = 0});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  std::vector<RunPoint> runs = runs_of(LawForm::dense, dense, 0.0);
  EXPECT_THAT(message(runs, LawForm::joint), testing::HasSubstr("use --law dense"));
  runs.resize(5);
  EXPECT_THAT(message(runs, LawForm::dense), testing::HasSubstr("needs 6 runs or more"));
  runs = runs_of(LawForm::dense, dense, 0.0);
  for (RunPoint& run : runs) run.size.active = 1e7;
  EXPECT_THAT(message(runs, LawForm::dense), testing::HasSubstr("another width"));
}

}  // namespace fit_test
}  // namespace switchyard::scaling
