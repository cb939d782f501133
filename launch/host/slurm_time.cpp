#include "launch/host/slurm_time.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <vector>

namespace switchyard {
namespace {

// Returns the numbers between the colons; std::nullopt if there is anything else.
std::optional<std::vector<std::int64_t>> numbers(const std::string& text) {
  constexpr std::size_t max_digits = 9;
  if (text.ends_with(':')) return std::nullopt;
  std::vector<std::int64_t> found;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ':');) {
    const bool is_number =
        !part.empty() && part.size() <= max_digits &&
        std::all_of(part.begin(), part.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (!is_number) return std::nullopt;
    found.push_back(std::stoll(part));
  }
  return found;
}

}  // namespace

std::optional<std::int64_t> seconds_of_limit(const std::string& limit) {
  const std::size_t dash = limit.find('-');
  const bool with_days = dash != std::string::npos;
  const auto days = with_days ? numbers(limit.substr(0, dash)) : std::vector<std::int64_t>{0};
  auto times = numbers(with_days ? limit.substr(dash + 1) : limit);
  if (!days || days->size() != 1 || !times || times->empty() || times->size() > 3) {
    return std::nullopt;
  }
  if (!with_days && times->size() < 3) times->insert(times->begin(), 0);  // minutes come first
  times->resize(3);
  return ((days->front() * 24 + (*times)[0]) * 60 + (*times)[1]) * 60 + (*times)[2];
}

bool is_no_limit(const std::string& limit) {
  std::string upper = limit;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper == "UNLIMITED" || upper == "INFINITE";
}

}  // namespace switchyard
