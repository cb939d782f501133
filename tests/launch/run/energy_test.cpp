#include "launch/run/energy.h"

#include "tests/io/scratch.h"

namespace switchyard {
namespace energy_test {

namespace fs = std::filesystem;

// A folder as Linux's powercap is.
class Powercap {
 public:
  void zone(const std::string& folder, const std::string& name, std::int64_t microjoules,
            std::int64_t range = 1'000'000'000) const {
    fs::create_directories(root() / folder);
    put_contents(root() / folder / "name", name + "\n");
    put_contents(root() / folder / "max_energy_range_uj", std::to_string(range) + "\n");
    set(folder, microjoules);
  }
  void set(const std::string& folder, std::int64_t microjoules) const {
    put_contents(root() / folder / "energy_uj", std::to_string(microjoules) + "\n");
  }
  fs::path root() const { return scratch_ / "powercap"; }

 private:
  Scratch scratch_;
};

TEST(Energy, AddsUpThePackagesOfAMachine) {
  const Powercap powercap;
  powercap.zone("intel-rapl:0", "package-0", 100);
  powercap.zone("intel-rapl:1", "package-1", 200);
  powercap.zone("intel-rapl:0:0", "dram", 300);
  powercap.zone("intel-rapl:2", "psys", 400);
  EnergyCounters counters(powercap.root());
  EXPECT_TRUE(counters.available());
  for (const char* zone : {"intel-rapl:0:0", "intel-rapl:2"}) powercap.set(zone, 9'000'000);
  powercap.set("intel-rapl:0", 1'000'100);
  powercap.set("intel-rapl:1", 2'500'200);
  EXPECT_NEAR(*counters.joules(), 3.5, 1e-9);
  EXPECT_EQ(*counters.joules(), 0.0);
}

// A trace of 1,000 readings through a counter that begins again every 50 J.
TEST(Energy, IntegratesATraceThatWrapsAround) {
  const Powercap powercap;
  constexpr std::int64_t range = 50'000'000;
  powercap.zone("intel-rapl:0", "package-0", 49'000'000, range);
  EnergyCounters counters(powercap.root());
  std::int64_t now = 49'000'000, all = 0;
  double sum = 0.0;
  for (std::int64_t i = 0; i < 1000; ++i) {
    const std::int64_t step = 1 + i * 7919 % 3'000'000;
    all += step;
    now = (now + step) % range;
    powercap.set("intel-rapl:0", now);
    sum += *counters.joules();
  }
  EXPECT_NEAR(sum, static_cast<double>(all) * 1e-6, 1e-9 * static_cast<double>(all) * 1e-6);
}

TEST(Energy, IsUnknownWithoutCounters) {
  const Scratch scratch;
  EXPECT_EQ(EnergyCounters(scratch / "none").joules(), std::nullopt);
  const auto world = make_single_comm();
  EnergyMeter meter(0.0, 400.0, *world, scratch / "none");
  EXPECT_EQ(meter.joules(), 0.0);
  EXPECT_EQ(meter.use(0.0, 10).joules, 0.0);
}

TEST(Energy, CountersCountWhereNoWattsAreStated) {
  const Powercap powercap;
  powercap.zone("intel-rapl:0", "package-0", 0);
  const auto world = make_single_comm();
  EnergyMeter meter(0.0, 500.0, *world, powercap.root());
  powercap.set("intel-rapl:0", 36'000'000);
  const EnergyUse use = meter.use(meter.joules(), 2'000);
  EXPECT_NEAR(use.joules, 36.0, 1e-9);
  EXPECT_NEAR(use.grams, 0.005, 1e-12);  // 1e-5 kWh
  EXPECT_FALSE(use.stated);
  const auto json = json_of(use);
  EXPECT_NEAR(json["kwh"], 1e-5, 1e-15);
  EXPECT_NEAR(json["joules_per_million_tokens"], 18'000.0, 1e-6);
}

TEST(Energy, StatedWattsAreSaidToBeStated) {
  const auto world = make_single_comm();
  EnergyMeter meter(100.0, 0.0, *world, "/nowhere");
  const EnergyUse use = meter.use(50.0, 0);
  EXPECT_TRUE(use.stated);
  EXPECT_FALSE(json_of(use).contains("grams_co2"));
  EXPECT_FALSE(json_of(use).contains("joules_per_million_tokens"));
  EXPECT_GE(meter.joules(), 0.0);
}

}  // namespace energy_test
}  // namespace switchyard
