#include "launch/run/energy.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr double joules_of_kwh = 3.6e6;

std::optional<std::int64_t> read_number(const fs::path& file) {
  std::ifstream in(file);
  std::int64_t value = 0;
  if (!(in >> value) || value < 0) return std::nullopt;
  return value;
}

// "intel-rapl:0" is a package, "intel-rapl:0:1" a part of it; a zone "psys" holds packages.
bool is_package(const fs::path& zone) {
  const std::string folder = zone.filename().string();
  std::ifstream in(zone / "name");
  std::string name;
  in >> name;
  return folder.starts_with("intel-rapl:") && std::ranges::count(folder, ':') == 1 &&
         name.starts_with("package");
}

}  // namespace

void EnergyUse::add(const EnergyUse& other) {
  joules += other.joules;
  grams += other.grams;
  tokens += other.tokens;
  stated = stated || other.stated;
}

nlohmann::ordered_json json_of(const EnergyUse& use) {
  nlohmann::ordered_json json = {
      {"joules", use.joules}, {"kwh", use.joules / joules_of_kwh}, {"tokens", use.tokens}};
  if (use.tokens > 0)
    json["joules_per_million_tokens"] = use.joules / static_cast<double>(use.tokens) * 1e6;
  if (use.grams > 0.0) json["grams_co2"] = use.grams;
  json["stated"] = use.stated;
  return json;
}

EnergyCounters::EnergyCounters(const fs::path& root) {
  std::error_code missing;
  for (fs::directory_iterator entry(root, missing), end; !missing && entry != end;
       entry.increment(missing)) {
    if (!is_package(entry->path())) continue;
    const auto range = read_number(entry->path() / "max_energy_range_uj");
    const auto now = read_number(entry->path() / "energy_uj");
    if (range && now) zones_.push_back({entry->path() / "energy_uj", *range, *now});
  }
}

std::optional<double> EnergyCounters::joules() {
  if (zones_.empty()) return std::nullopt;
  std::int64_t microjoules = 0;
  for (Zone& zone : zones_) {
    const auto now = read_number(zone.file);
    if (!now) continue;
    microjoules += *now >= zone.last ? *now - zone.last : *now + zone.range - zone.last;
    zone.last = *now;
  }
  return static_cast<double>(microjoules) * 1e-6;
}

EnergyMeter::EnergyMeter(double watts, double grams_per_kwh, Comm& world, const fs::path& root)
    : watts_(watts), grams_per_kwh_(grams_per_kwh), counts_(world.split_node()->rank() == 0) {
  if (counts_ && watts_ == 0.0) counters_.emplace(root);
}

double EnergyMeter::joules() {
  const Clock::time_point now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  if (!counts_) return 0.0;
  return counters_ ? counters_->joules().value_or(0.0) : watts_ * seconds;
}

EnergyUse EnergyMeter::use(double joules, std::int64_t tokens) const {
  return {joules, joules / joules_of_kwh * grams_per_kwh_, tokens, watts_ > 0.0 && joules > 0.0};
}

}  // namespace switchyard
