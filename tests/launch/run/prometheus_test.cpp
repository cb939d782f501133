#include "launch/run/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <sstream>

namespace switchyard {
namespace prometheus_test {

using testing::HasSubstr;

RunFigures figures() {
  RunFigures figures;
  figures.run = "runs/a";
  figures.attempt = 2;
  figures.num_ranks = 2;
  figures.step.step = 9;
  figures.step.loss = 0.1 + 0.2;
  figures.step.tokens = 100;
  figures.step.seconds = 0.5;
  figures.step.exchanged = {1, 4000, 0};
  figures.step.layers = {{3, 1.25, 2.0, 1, 7, {0.5, 0.75, 1, 1.125, 1.25}}};
  figures.course = {1700000000.25, {{{"exchange", 0.25}}, 0.1, 0.2, 0.4, 1}, 0.75};
  return figures;
}

TEST(Prometheus, HasTheFiguresOfExpertsAndExchange) {
  const std::string text = prometheus_text(figures());
  for (const char* line :
       {"switchyard_steps_done{run=\"runs/a\"} 10\n",
        "switchyard_loss{run=\"runs/a\"} 0.30000000000000004\n",
        "switchyard_expert_overload_ratio{run=\"runs/a\",layer=\"3\"} 1.25\n",
        "switchyard_expert_load_ratio{run=\"runs/a\",layer=\"3\",quantile=\"0.95\"} 1.25\n",
        "switchyard_dead_experts{run=\"runs/a\",layer=\"3\"} 1\n",
        "switchyard_dropped_choices{run=\"runs/a\",layer=\"3\"} 7\n",
        "switchyard_exchange_bytes{run=\"runs/a\",to=\"own_node\"} 4000\n",
        "switchyard_exchange_bytes_per_second{run=\"runs/a\"} 8000\n",
        "switchyard_part_seconds{run=\"runs/a\",part=\"exchange\"} 0.25\n",
        "switchyard_rank_busy_seconds{run=\"runs/a\",over_ranks=\"most\"} 0.4\n",
        "switchyard_goodput_ratio{run=\"runs/a\"} 0.75\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Prometheus, EveryMetricIsDeclaredOnceBeforeItsSamples) {
  std::istringstream lines(prometheus_text(figures()));
  std::string declared;
  std::set<std::string> all;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      declared = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(all.insert(declared).second) << declared;
    } else if (!line.starts_with('#')) {
      EXPECT_EQ(line.substr(0, line.find('{')), declared);
    }
  }
}

TEST(Prometheus, LabelsAreEscaped) {
  RunFigures hostile = figures();
  hostile.run = "a\"b\\c\nd";
  EXPECT_THAT(prometheus_text(hostile), HasSubstr("{run=\"a\\\"b\\\\c\\nd\"}"));
}

TEST(Prometheus, NumbersThatAreNotFiniteAreSpelledAsItReadsThem) {
  RunFigures broken = figures();
  broken.step.loss = std::numeric_limits<double>::quiet_NaN();
  broken.step.gradient_norm = -std::numeric_limits<double>::infinity();
  const std::string text = prometheus_text(broken);
  EXPECT_THAT(text, HasSubstr("switchyard_loss{run=\"runs/a\"} NaN\n"));
  EXPECT_THAT(text, HasSubstr("switchyard_gradient_norm{run=\"runs/a\"} -Inf\n"));
}

TEST(Prometheus, ADenseModelHasNoExperts) {
  RunFigures dense = figures();
  dense.step.layers.clear();
  EXPECT_THAT(prometheus_text(dense), testing::Not(HasSubstr("expert")));
}

}  // namespace prometheus_test
}  // namespace switchyard
