// The energy that a run takes: read from the counters of the processors, or stated by its config.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/comm/comm.h"

namespace switchyard {

// Of some steps. grams: of CO2, where run.grams_co2_per_kwh says how much a kWh emits.
struct EnergyUse {
  double joules = 0.0, grams = 0.0;
  std::int64_t tokens = 0;  // trained on meanwhile
  bool stated = false;      // at least a part of it is run.watts times the time, and not measured

  void add(const EnergyUse& other);
};

// {joules, kwh, tokens, joules_per_million_tokens, grams_co2?, stated}.
nlohmann::ordered_json json_of(const EnergyUse& use);

// The energy counters of a machine's processor packages (Linux's powercap, "intel-rapl:0" and so
// on, which AMD's processors have too). They count the packages with their cores, not the rest of
// the node: memory, disks, network, GPUs.
class EnergyCounters {
 public:
  // root: of powercap. A counter that cannot be read is left out: most systems show them to root
  // alone.
  explicit EnergyCounters(const std::filesystem::path& root = "/sys/class/powercap");

  bool available() const { return !zones_.empty(); }
  // Joules since the last call, or since the constructor. A counter that began again at 0 is taken
  // to have done so once. Nothing if there is no counter.
  std::optional<double> joules();

 private:
  struct Zone {
    std::filesystem::path file;
    std::int64_t range = 0;  // microjoules, after which it begins again
    std::int64_t last = 0;
  };
  std::vector<Zone> zones_;
};

// The energy of all nodes of a run. One rank of each node counts for it.
class EnergyMeter {
 public:
  // Collective. watts: of a node, which then count instead of its counters; 0: unknown.
  // grams_per_kwh: of CO2; 0: unknown. root: as for EnergyCounters.
  EnergyMeter(double watts, double grams_per_kwh, Comm& world,
              const std::filesystem::path& root = "/sys/class/powercap");

  // What this rank counted since the last call, or since the constructor.
  double joules();
  // joules: of all ranks.
  EnergyUse use(double joules, std::int64_t tokens) const;

 private:
  using Clock = std::chrono::steady_clock;

  double watts_, grams_per_kwh_;
  bool counts_ = false;
  std::optional<EnergyCounters> counters_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace switchyard
